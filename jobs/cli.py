"""The command line every job file shares: run, describe, or run to the present end of its topics."""

import argparse
import logging
import sys
from collections.abc import Callable

from contracts.settings import KafkaSettings, SettingsError, TopicSettings
from jobs import runtime
from jobs.settings import JobSettings


def main(name: str, build: Callable[..., runtime.Job]) -> None:
    """Parses arguments, reads settings and runs the job; exits with 2 on a wrong setting."""
    parser = argparse.ArgumentParser(prog=f"python -m jobs.{name.replace('-', '_')}", description=f"The job {name}.")
    parser.add_argument("--describe", action="store_true", help="print the optimised plan and stop")
    parser.add_argument("--compile", action="store_true", help="compile the plan into jobs/plans and stop")
    parser.add_argument("--bounded", action="store_true", help="stop at the topic's present end (tests, backfills)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings, kafka, topics = JobSettings.load(), KafkaSettings.load(), TopicSettings.load().catalogue()
        job = build(settings, kafka, topics, bounded=arguments.bounded)
    except SettingsError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(2)
    if arguments.describe:
        print(runtime.describe(job, settings))
        return
    if arguments.compile:
        print(f"{name}: wrote {runtime.compile_plan(job, settings)}")
        return
    client = runtime.submit(job, settings, bounded=arguments.bounded)
    print(f"{name}: job {client.get_job_id()} submitted", flush=True)
    if arguments.bounded or settings.connector_jars:
        # without a cluster the job runs inside this process, and lives only as long as it
        result = client.get_job_execution_result().result()
        print(f"{name}: finished after {result.get_net_runtime() / 1000:.1f} s", flush=True)
