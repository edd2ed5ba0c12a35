"""Clocks and tables that the scripts of this folder share."""
import json
import math
import time


def times_ms(runs, work):
    """Milliseconds of `runs` calls, ascending."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1e3)
    return sorted(times)


def percentile(ascending, percent):
    """The value that `percent` of the values do not exceed."""
    return ascending[max(math.ceil(percent / 100 * len(ascending)), 1) - 1]


def summary(ascending_ms):
    """Few repeats have no p99 of their own; it is their maximum."""
    return {"p50_ms": round(percentile(ascending_ms, 50), 3), "p99_ms": round(percentile(ascending_ms, 99), 3)}


def show(rows, as_json):
    """Rows are dictionaries by name."""
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for name, row in rows.items():
        print(f"{name:<32} {json.dumps(row)}")
