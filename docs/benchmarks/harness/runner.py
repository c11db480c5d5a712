"""Runs jobs one after the other, each in a process of its own with a time limit."""

import multiprocessing
import os
import signal
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from .child import work
from .records import Job
from .results import Results, commit_of

HOME = Path(__file__).parents[1]
# A process that sleeps uses no CPU time, and on a busy machine others use it.
WALL_PER_CPU = 5
# Seconds for what comes before a selection, and for each judge after it.
OTHER_LIMIT = 3600
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def plan(suite, cases, rivals, seeds, sizes, source, cpu_limit, is_open):
    """List the jobs whose rows are to be written, as `is_open` says of a row.

    A rival that ranks all columns, whatever the number asked for, is run once for all
    sizes.
    """
    jobs = []
    known = import_module(suite).CASES
    for seed in seeds:
        for name in cases or known:
            case = known[name]
            wanted = [k for k in case.sizes if not sizes or k in sizes]
            for rival in rivals:
                groups = [wanted] if ranks(rival) else [[k] for k in wanted]
                for group in filter(None, groups):
                    job = Job(suite, name, rival, seed, tuple(group), (), source, 0)
                    open_rows = [
                        (k, learner)
                        for k in group
                        for learner in case.learners
                        if is_open(row_of(job, k, learner))
                    ]
                    if open_rows:
                        jobs.append(
                            job._replace(
                                sizes=tuple(dict.fromkeys(k for k, _ in open_rows)),
                                learners=tuple(dict.fromkeys(n for _, n in open_rows)),
                                cpu_limit=cpu_limit,
                            )
                        )
    return jobs


def ranks(rival):
    """Whether one call of a rival serves all sizes; asked without importing it."""
    spec = find_spec(rival)
    return spec is not None and "\nRANKS_ALL = True\n" in Path(spec.origin).read_text(
        encoding="utf-8"
    )


def row_of(job, size, learner):
    """Start the row of a result with what is known before the job."""
    return {
        "suite": job.suite.rpartition(".")[2],
        "set": job.case,
        "k": size,
        "rival": job.rival.rpartition(".")[2],
        "seed": job.seed,
        "learner": learner,
    }


def run(jobs, results: Results, say=print):
    """Run jobs, writing the rows of each as soon as it has ended."""
    context = start_server(dict.fromkeys(job.rival for job in jobs))
    commit = commit_of(HOME)
    for place, job in enumerate(jobs, 1):
        rows = outcome(job, context)
        results.add([row | {"commit": commit} for row in rows])
        scores = ", ".join(str(row["score"])[:6] or "-" for row in rows)
        told = rows[0] if rows else {"cpu_s": "", "status": "package missing"}
        say(
            f"{place}/{len(jobs)} {job.case} {job.rival.rpartition('.')[2]} "
            f"k={job.sizes} seed {job.seed}: {scores} "
            f"({told['cpu_s']} s, {told['status']})"
        )


def start_server(rivals):
    """Start the process that jobs are forked from; it has imported what they need.

    So a job neither waits for imports, nor are they counted as its costs. Where there
    is no fork, each job starts from nothing.
    """
    os.environ.update(dict.fromkeys(THREADS, "1"))
    home = str(HOME)
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if home not in folders:  # before Python 3.13 the server knows no other way
        os.environ["PYTHONPATH"] = os.pathsep.join([home, *filter(None, folders)])
    if home not in sys.path:
        sys.path.insert(0, home)
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["harness.child", *rivals])
    return context


def outcome(job, context):
    """Run one job and return its rows."""
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(job, sender), daemon=True)
    process.start()
    sender.close()
    facts, scores, status = {}, {}, ""
    limit = OTHER_LIMIT
    while not status:
        if not receiver.poll(limit):
            status = "timeout"
            break
        try:
            step, told = receiver.recv()
        except EOFError:  # the process has died
            process.join()
            out_of_time = process.exitcode == -getattr(signal, "SIGXCPU", 0)
            status = "timeout" if out_of_time else f"died of {-process.exitcode}"
            break
        limit = job.cpu_limit * WALL_PER_CPU if step == "ready" else OTHER_LIMIT
        if step in ("ready", "selected"):
            facts |= told
        elif step == "judged":
            scores[told[:2]] = told[2]
        else:
            status = {"done": "ok"}.get(step, f"{step}: {told}")
    if status != "timeout":
        process.join(5)  # time to clear up what it holds
    process.kill()
    process.join()
    receiver.close()
    return [] if status.startswith("missing") else rows_of(job, facts, scores, status)


def rows_of(job, facts, scores, status):
    """Write down what was reached."""
    rows = []
    facts = {"n_selected": 0, "measure": ""} | facts
    if status == "timeout" and "cpu_s" not in facts:
        facts["cpu_s"] = job.cpu_limit
    n_selected = facts.pop("n_selected")
    for name in ("cpu_s", "wall_s", "peak_mb"):
        facts[name] = round(facts[name], 3) if name in facts else ""
    for size in job.sizes:
        for learner in job.learners:
            is_there = (size, learner) in scores
            row = row_of(job, size, learner) | facts
            row["score"] = f"{scores[size, learner]:.6g}" if is_there else ""
            row["status"] = "ok" if is_there else status
            if is_there and n_selected < size:
                row["status"] = f"only {n_selected} columns"
            if learner == "recovery":
                row["measure"] = "recovery"
            rows.append(row)
    return rows
