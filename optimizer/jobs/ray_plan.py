"""Plans a fleet on Ray Data. An example beside the Spark job; not run by the tests.

    python ray_plan.py --input fleet/ --output plan/

Ray writes parts straight into the output folder: it is whole only when this program ends with 0.
"""

import argparse

import pyarrow as pa


def plan(table, config):
    """One block: a table of homes in, a table of plans out."""
    import millpond_plan

    batches = [millpond_plan.plan_batch(b, config, 1) for b in table.to_batches(max_chunksize=500)]
    return pa.Table.from_batches(batches, schema=millpond_plan.plan_schema())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--config", help="settings as JSON, as for `millpond-plan fleet`")
    args = parser.parse_args()
    config = ""
    if args.config:
        with open(args.config, encoding="utf-8") as file:
            config = file.read()

    import ray

    homes = ray.data.read_parquet(args.input)
    plans = homes.map_batches(plan, fn_args=(config,), batch_format="pyarrow", batch_size=None)
    plans.write_parquet(args.output)


if __name__ == "__main__":
    main()
