"""Builds the Flink environment and runs, describes or compiles a job; the same for every job.

Only the Table API is used, so no Python process stands between Kafka and Kafka: the driver writes SQL, the JVM does the
work. A job is one StatementSet.
"""

import logging
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs import functions, plans
from jobs.settings import JobSettings
from jobs.sql import View
from jobs.tables import Table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What a job file declares: tables and views in order, the inserts of its one StatementSet, planner settings."""

    name: str
    tables: list[Table]
    views: list[View]
    inserts: list[str]
    configuration: dict[str, str] = field(default_factory=dict)


def configuration(job: Job, settings: JobSettings, *, bounded: bool = False) -> dict[str, str]:
    """Flink configuration of a job; the cluster's own configuration holds for what is not named here."""
    conf = {
        "pipeline.name": settings.job_id,
        "parallelism.default": str(settings.parallelism),
        "table.local-time-zone": "UTC",
        "execution.checkpointing.interval": f"{settings.checkpoint_interval_ms} ms",
        # a checkpoint that takes long (a large state, a busy machine) must leave time for the work between two of them
        "execution.checkpointing.min-pause": f"{settings.checkpoint_interval_ms} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "pipeline.object-reuse": "true",  # built-in functions keep no reference to a row
        # a plan names its tables; their options come from this run's settings
        "table.plan.compile.catalog-objects": "IDENTIFIER",
        "table.plan.restore.catalog-objects": "IDENTIFIER",
        **job.configuration,
    }
    if settings.checkpoint_dir:
        conf["execution.checkpointing.dir"] = settings.checkpoint_dir
    if settings.connector_jars:
        jars = sorted(settings.connector_jars.glob("*.jar"))
        conf["pipeline.jars"] = ";".join(jar.resolve().as_uri() for jar in jars)
    if bounded:
        conf["restart-strategy.type"] = "none"  # a bounded run must fail, not restart for ever in silence
    return conf


def environment(job: Job, settings: JobSettings, *, bounded: bool = False) -> Any:
    """A TableEnvironment with the job's tables and views."""
    from pyflink.common import Configuration
    from pyflink.table import EnvironmentSettings, TableEnvironment

    flink = Configuration()
    for name, value in configuration(job, settings, bounded=bounded).items():
        flink.set_string(name, value)
    table_env = TableEnvironment.create(
        EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(flink).build()
    )
    for statement in (*functions.declarations(), *(table.ddl() for table in job.tables)):
        table_env.execute_sql(statement)
    for view in job.views:
        # not CREATE VIEW: Flink 2.2 keeps that as a text which it cannot read again where a table function is in it
        table_env.create_temporary_view(view.name, table_env.sql_query(view.query))
    return table_env


def _statement_set(table_env: Any, job: Job) -> Any:
    statements = table_env.create_statement_set()
    for insert in job.inserts:
        statements.add_insert_sql(insert)
    return statements


def describe(job: Job, settings: JobSettings) -> str:
    """The optimised plan as text, without the planner's earlier stages."""
    explained = str(_statement_set(environment(job, settings), job).explain())
    return explained[explained.index("== Optimized Execution Plan ==") :]


def _compile(table_env: Any, job: Job) -> str:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "plan.json"
        body = "; ".join(job.inserts)
        table_env.execute_sql(f"COMPILE PLAN '{file}' FOR STATEMENT SET BEGIN {body}; END")
        return file.read_text("utf-8")


def compile_plan(job: Job, settings: JobSettings, directory: Path = plans.DIRECTORY) -> Path:
    """Compiles and stores the plan of a job; returns the file."""
    return plans.store(job, _compile(environment(job, settings), job), directory)


def submit(job: Job, settings: JobSettings, *, bounded: bool = False) -> Any:
    """Starts the job from its stored plan, or from one compiled now if its query is another; returns its JobClient."""
    table_env = environment(job, settings, bounded=bounded)
    plan = plans.stored(job)
    if plan is None:
        log.warning("%s: its query is not that of the stored plan; compiling it for this run", job.name)
        plan = _compile(table_env, job)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "plan.json"
        file.write_text(plan, "utf-8")
        return table_env.execute_sql(f"EXECUTE PLAN '{file}'").get_job_client()
