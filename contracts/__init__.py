"""What flows between the parts: record schemas, topics, units, settings and the way Kafka clients are built.

Every other package imports this one and this one imports none of them, so producer, jobs and sinks can only meet in
what is declared here.
"""
