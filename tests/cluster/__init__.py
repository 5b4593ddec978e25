"""Tests on a real Kubernetes: `make cluster-test`. They start it themselves, unless KUBECONFIG names another."""
