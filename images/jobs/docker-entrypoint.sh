#!/usr/bin/env bash
# What the Flink operator and Flink's own documentation expect of an image: a role's name starts that role in the
# foreground, anything else is run as it stands (in native mode: bash -c "kubernetes-jobmanager.sh ...").
# Configuration is mounted at /opt/flink/conf, which is never written to here.
set -euo pipefail

if [ -n "${FLINK_PROPERTIES:-}" ]; then
    echo "jobs: FLINK_PROPERTIES is set and would be ignored: mount a config.yaml at $FLINK_HOME/conf, or name its" \
        "folder in FLINK_CONF_DIR" >&2
    exit 1
fi

case "${1:-help}" in
    jobmanager) exec "$FLINK_HOME/bin/jobmanager.sh" start-foreground "${@:2}" ;;
    taskmanager) exec "$FLINK_HOME/bin/taskmanager.sh" start-foreground "${@:2}" ;;
    standalone-job) exec "$FLINK_HOME/bin/standalone-job.sh" start-foreground "${@:2}" ;;
    help)
        echo "usage: jobmanager|taskmanager|standalone-job [argument...], or any command"
        echo "the weather job: standalone-job --job-classname org.apache.flink.client.python.PythonDriver" \
            "-pyclientexec /opt/venv/bin/python -py /opt/isobar/jobs/process_weather.py"
        ;;
    *) exec "$@" ;;
esac
