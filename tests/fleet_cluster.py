"""Plans a fleet on a real Spark cluster, kills a worker in mid-job, and compares with one machine.

    fleet_cluster.py PLAN_BINARY WHEEL WORKDIR

Standalone master and two workers from the pyspark package. Prints "N passed, 0 failed". Ends what it started by id.
"""

import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark

HOMES, TASKS, PATIENCE = 1600, 16, 400
HERE = os.path.dirname(os.path.abspath(__file__))
JOB = os.path.join(HERE, "..", "optimizer", "jobs", "spark_plan.py")
SPARK = os.path.dirname(pyspark.__file__)


def wait(what, condition):
    """Waits for a condition with generous patience."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"fleet_cluster: waited {PATIENCE} s for {what} in vain")


def digest(folder):
    """A digest of all plans, whatever order and files they lie in."""
    files = [f for f in glob.glob(f"{folder}/**/*.parquet", recursive=True) if not os.path.basename(f)[0] in "._"]
    rows = [r for f in sorted(files) for r in pq.ParquetFile(f).read().to_pylist()]
    rows.sort(key=lambda r: r["home_id"])
    ids = [r["home_id"] for r in rows]
    text = "\n".join(json.dumps(r, sort_keys=True, default=str) for r in rows)
    return hashlib.sha256(text.encode()).hexdigest(), len(ids), len(set(ids))


class Cluster:
    def __init__(self, work):
        self.work, self.started = work, []
        self.env = dict(os.environ, SPARK_HOME=SPARK, SPARK_LOCAL_IP="127.0.0.1", SPARK_WORKER_DIR=f"{work}/workers",
                        PYSPARK_PYTHON=sys.executable, PYSPARK_DRIVER_PYTHON=sys.executable,
                        SPARK_LOCAL_DIRS=f"{work}/local", SPARK_DAEMON_MEMORY="512m")
        self.log = f"{work}/master.log"
        self.spawn("org.apache.spark.deploy.master.Master", self.log, "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        found = wait("the master", lambda: re.search(r"Starting Spark master at (spark://\S+)", self.read(self.log)))
        self.url = found.group(1)
        self.workers = [self.worker(n) for n in range(2)]
        wait("both workers", lambda: self.read(self.log).count("Registering worker") >= 2)

    @staticmethod
    def read(path):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def spawn(self, main, log, *args):
        with open(log, "wb") as out:
            command = [f"{SPARK}/bin/spark-class", main, *args]
            p = subprocess.Popen(command, env=self.env, stdout=out, stderr=out, start_new_session=True)
        self.started.append(p)
        return p

    def worker(self, n):
        return self.spawn("org.apache.spark.deploy.worker.Worker", f"{self.work}/worker{n}.log", self.url, "--host", "127.0.0.1",
                          "--cores", "1", "--memory", "1g", "--webui-port", "0")

    def kill(self, process):
        """SIGKILL to a worker and to the executor that it started."""
        children = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout.split("\n")
        pairs = [tuple(map(int, c.split())) for c in children if c.strip()]
        family, size = {process.pid}, 0
        while len(family) != size:
            size = len(family)
            family |= {pid for pid, parent in pairs if parent in family}
        for pid in sorted(family, reverse=True):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return len(family)

    def stop(self):
        for p in self.started:
            self.kill(p)
            p.wait()

    def job(self, name, fleet, archive, *more):
        out, log = f"{self.work}/{name}", f"{self.work}/{name}.log"
        command = [f"{SPARK}/bin/spark-submit", "--master", self.url, "--archives", f"{archive}#plan",
                   "--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1",
                   "--conf", "spark.driver.bindAddress=127.0.0.1", "--driver-memory", "768m", "--executor-memory", "768m",
                   JOB, "--input", fleet, "--output", out, *more]
        with open(log, "wb") as file:
            p = subprocess.Popen(command, env=self.env, cwd=self.work, stdout=file, stderr=file, start_new_session=True)
        self.started.append(p)
        return p, out, log


def main():
    plan, wheel, work = sys.argv[1:]
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    passed, failed = 0, []

    def check(what, good, detail=""):
        nonlocal passed
        print(("ok    " if good else "WRONG ") + what, detail, flush=True)
        passed += bool(good)
        if not good:
            failed.append(what)

    with zipfile.ZipFile(wheel) as zipped:
        zipped.extractall(f"{work}/unpacked")
    archive = f"{work}/plan.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(f"{work}/unpacked", arcname=".")
    fleet = f"{work}/fleet.parquet"
    run = lambda *args: subprocess.run([plan, *args], check=True, stdout=subprocess.DEVNULL)
    run("simulate", "fleet", "--seed", "5", "--homes", str(HOMES), "--group-rows", "100", "--out", fleet)
    run("fleet", fleet, "--out", f"{work}/one", "--threads", "2")
    run("fleet", fleet, "--out", f"{work}/kept", "--keep-all")
    one, n, distinct = digest(f"{work}/one")
    check("one machine plans every home once", (n, distinct) == (HOMES, HOMES))
    check("another setting gives another digest", digest(f"{work}/kept")[0] != one)

    # The wheel in this process: same plan, and the first column's buffer is not copied.
    sys.path.insert(0, f"{work}/unpacked")
    import millpond_plan

    table = pq.ParquetFile(fleet).read()
    again = pa.Table.from_batches([millpond_plan.plan_batch(b, "", 1) for b in table.slice(0, 40).to_batches(max_chunksize=7)])
    first = {r["home_id"]: r["plan_id"] for r in again.to_pylist()}
    whole = {r["home_id"]: r["plan_id"] for f in glob.glob(f"{work}/one/*.parquet") for r in pq.ParquetFile(f).read().to_pylist()}
    check("the wheel plans what the command plans", all(whole[h] == p for h, p in first.items()))
    check("the wheel names its schema", again.schema.equals(millpond_plan.plan_schema()))
    check("the wheel raises on bad settings", refuses(lambda: millpond_plan.plan_batch(table.to_batches()[0], "{", 1)))

    cluster = Cluster(work)
    try:
        p, out, log = cluster.job("killed", fleet, archive, "--tasks", str(TASKS))
        tasks = lambda: glob.glob(f"{out}/_temporary/0/task_*")
        wait("two committed tasks", lambda: len(tasks()) >= 2 or p.poll() is not None)
        count = len(tasks())
        check("a worker is killed in mid-job", 2 <= count < TASKS and cluster.kill(cluster.workers[0]) >= 2, f"({count} of {TASKS} tasks)")
        code = p.wait(timeout=PATIENCE)
        check("the job ends with 0", code == 0, "" if code == 0 else cluster.read(log)[-2000:])
        check("Spark noticed", "Lost executor" in cluster.read(log))
        check("the output is committed", os.path.exists(f"{out}/_SUCCESS") and not os.path.exists(f"{out}/_temporary"))
        got, n, distinct = digest(out)
        check("every home once", (n, distinct) == (HOMES, HOMES), f"({n})")
        check("the digest is that of one machine", got == one)
    finally:
        cluster.stop()
    print(f"{passed} passed, {len(failed)} failed", flush=True)
    sys.exit(1 if failed else 0)


def refuses(call):
    try:
        call()
    except ValueError:
        return True
    return False


if __name__ == "__main__":
    main()
