"""Plans a fleet on Apache Spark: Parquet of homes in, Parquet of plans out.

    spark-submit --archives plan.tar.gz#plan spark_plan.py --input fleet/ --output plan/

The archive holds the unpacked wheel `millpond_plan` (a zip cannot hold native code); leave it out where the wheel is
installed on every machine. A task that is tried again writes the same bytes, so Spark's own retries and commit suffice.
"""

import argparse
import os
import sys


def load():
    """The wheel: installed, or out of the archive beside the task."""
    try:
        import millpond_plan
    except ImportError:
        from pyspark import SparkFiles

        for place in (os.path.join(SparkFiles.getRootDirectory(), "plan"), os.path.join(os.getcwd(), "plan")):
            if place not in sys.path:
                sys.path.insert(0, place)
        import millpond_plan
    return millpond_plan


def planner(config):
    """What each task runs over its batches."""

    def run(batches):
        wheel = load()
        for batch in batches:
            yield wheel.plan_batch(batch, config, 1)

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True, help="Parquet file or folder, or a table's name with --table")
    parser.add_argument("--output", required=True, help="folder for the plans; it must not exist")
    parser.add_argument("--config", help="settings as JSON, as for `millpond-plan fleet`")
    parser.add_argument("--table", action="store_true", help="read a table of the catalog instead of files")
    parser.add_argument("--tasks", type=int, default=0, help="shuffle into so many tasks (0: as the files lie)")
    args = parser.parse_args()
    config = ""
    if args.config:
        with open(args.config, encoding="utf-8") as file:
            config = file.read()

    from pyspark.sql import SparkSession
    from pyspark.sql.pandas.types import from_arrow_schema

    spark = (
        SparkSession.builder.appName("millpond-plan")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "500")
        .config("spark.task.maxFailures", "8")
        # Spark's default is a 96-bit type without a time zone; the schema has microseconds in UTC.
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    sys.path.insert(0, os.path.join(os.getcwd(), "plan"))
    schema = from_arrow_schema(load().plan_schema())
    homes = spark.read.table(args.input) if args.table else spark.read.parquet(args.input)
    if args.tasks:
        homes = homes.repartition(args.tasks)
    homes.mapInArrow(planner(config), schema).write.parquet(args.output)
    spark.stop()


if __name__ == "__main__":
    main()
