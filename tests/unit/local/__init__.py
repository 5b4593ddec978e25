"""The local stack without any JVM: children, errors, ports, caches."""
