"""Holds the module millpond_plan against the command, row by row: fleet_wheel.py PLAN_BINARY WORKDIR"""

import glob
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

HOMES = 200


def main():
    plan, work = sys.argv[1:]
    sys.path.insert(0, work)
    import millpond_plan

    passed = failed = 0

    def check(what, good):
        nonlocal passed, failed
        print(("ok    " if good else "WRONG ") + what, flush=True)
        passed += bool(good)
        failed += not good

    def refuses(*args):
        try:
            millpond_plan.plan_batch(*args)
        except ValueError as e:
            return str(e) != ""
        return False

    def run(*args):
        subprocess.run([plan, *args], check=True, stdout=subprocess.DEVNULL)

    fleet = f"{work}/fleet.parquet"
    run("simulate", "fleet", "--seed", "5", "--homes", str(HOMES), "--out", fleet)
    run("fleet", fleet, "--out", f"{work}/plan", "--threads", "2")
    parts = sorted(glob.glob(f"{work}/plan/*.parquet"))
    expected = pa.concat_tables([pq.ParquetFile(p).read() for p in parts]).sort_by("home_id").to_pylist()
    table = pq.ParquetFile(fleet).read()

    def planned(config, threads, rows):
        batches = [millpond_plan.plan_batch(b, config, threads) for b in table.to_batches(max_chunksize=rows)]
        return pa.Table.from_batches(batches).sort_by("home_id")

    one = planned("", 1, HOMES)
    check("every home, once", one.num_rows == len(set(one["home_id"].to_pylist())) == HOMES)
    check("all fields of all rows are the command's", one.to_pylist() == expected)
    check("batches of 7 rows and two threads change nothing", planned("", 2, 7).to_pylist() == expected)
    check("other settings give other plans", planned('{"keep_all": true}', 1, HOMES).to_pylist() != expected)
    check("the schema is the one named", one.schema.equals(millpond_plan.plan_schema()))
    names = set(millpond_plan.fleet_schema().names)
    check("the input's fields are the schema's", set(table.schema.names) <= names)
    check("the engine is the one in the rows", {r["engine"] for r in expected} == {millpond_plan.version()})
    check("bad settings raise", refuses(table.to_batches()[0], "{", 1))
    check("a batch that is no fleet raises", refuses(pa.record_batch({"a": [1]}), "", 1))
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
