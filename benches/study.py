#!/usr/bin/env python3
"""Trains methods side by side with the `chiaro` program and makes the tables of docs/results.md. Standard library only.

DATA holds `splits_dev.csv` (columns set, case, patient, part, role) and `hippocampus/images` and `hippocampus/labels`.
Every finished run leaves one JSON file in WORK/results and is passed over next time, so a study can be stopped with
Ctrl-C and continued by the same command.

    study.py run --chiaro target/release/chiaro --data DATA --work WORK --settings labelled-3,sparse \\
        --methods supervised cps dual-confidence --seeds 1,2,3 --steps 1000 --jobs 2
    study.py run ... --methods supervised lean=cps:--recompute       # NAME=METHOD:FLAG,FLAG: a variant with more flags
    study.py table --work WORK
"""
import argparse
import concurrent.futures
import csv
import gzip
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

SET = "hippocampus"
CLASSES = {1: "anterior", 2: "posterior"}
SETTINGS = {
    "labelled-3": "3 labelled cases",
    "labelled-12": "12 labelled cases",
    "sparse": "3 axial slices in each of 4 cases",
}
SPARSE_CASES = 4
SPARSE_HEIGHTS = (0.25, 0.5, 0.75)
REFERENCES = ("supervised", "cps")
PROBABILITIES = ("mean", "scaled", "np")
# Codes of a project's origin plane.
UNKNOWN, MANUAL = 0, 1


class StudyError(Exception):
    """One sentence for the user."""


# --- NIfTI ---------------------------------------------------------------------------------------------------------


def read_mask(path):
    """Header with everything before the voxels, shape (x, y, z) and the u8 voxels, x fastest, of a .nii.gz mask."""
    data = gzip.decompress(path.read_bytes())
    order = next((o for o in "<>" if data[:4] == struct.pack(o + "i", 348)), None)
    if order is None or len(data) < 352:
        raise StudyError(f"{path} is no NIfTI-1 file; convert it first")
    shape = struct.unpack_from(order + "8h", data, 40)[1:4]
    datatype = struct.unpack_from(order + "h", data, 70)[0]
    start = int(struct.unpack_from(order + "f", data, 108)[0])
    count = shape[0] * shape[1] * shape[2]
    if datatype != 2 or len(data) < start + count:
        raise StudyError(f"{path} is not a whole mask of 8-bit voxels; convert it first")
    return data[:start], shape, data[start : start + count]


def write_mask(path, header, voxels):
    """A mask on the grid of another, whose header it gets."""
    path.write_bytes(gzip.compress(header + bytes(voxels)))


def write_sparse_labels(truth, folder, case):
    """The labels of a few axial slices as the two planes of a project; every other voxel is unknown."""
    header, (nx, ny, nz), voxels = read_mask(truth)
    area = nx * ny
    filled = [z for z in range(nz) if any(voxels[z * area : (z + 1) * area])]
    if not filled:
        raise StudyError(f"{truth} holds no class, so it has no slice to label; choose another case")
    chosen = {filled[round(height * (len(filled) - 1))] for height in SPARSE_HEIGHTS}
    labels, origin = bytearray(len(voxels)), bytearray([UNKNOWN]) * len(voxels)
    for z in chosen:
        rows = slice(z * area, (z + 1) * area)
        labels[rows] = voxels[rows]
        origin[rows] = bytes([MANUAL]) * area
    write_mask(folder / f"{case}.nii.gz", header, labels)
    write_mask(folder / f"{case}.origin.nii.gz", header, origin)


# --- what is run ---------------------------------------------------------------------------------------------------


class Variant:
    """A method with a name of its own if it has more flags: METHOD, or NAME=METHOD:FLAG,FLAG."""

    def __init__(self, text):
        head, _, flags = text.partition(":")
        name, _, method = head.rpartition("=")
        self.method, self.flags = method, [flag for flag in flags.split(",") if flag]
        self.name = name or method
        if not method or "/" in self.name or (self.flags and not name):
            raise StudyError(f"'{text}' is no variant; write METHOD, or NAME=METHOD:FLAG,FLAG")


class Split:
    """The cases of the set by role, in the order of the list."""

    def __init__(self, data, test_cases):
        with open(data / "splits_dev.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["set"] == SET]
        roles = ("labelled", "unlabelled", "test")
        by_role = [[row["case"] for row in rows if row["role"] == role] for role in roles]
        self.labelled, self.unlabelled, self.test = by_role[0], by_role[1], by_role[2][:test_cases]
        self.images, self.truth = data / SET / "images", data / SET / "labels"
        if not self.labelled or not self.test:
            raise StudyError(f"{data / 'splits_dev.csv'} names no labelled or no test case of the set {SET}")

    def given(self, setting):
        """Cases whose labels the networks may see, completely or in part."""
        count = {"labelled-3": 3, "labelled-12": 12, "sparse": SPARSE_CASES}[setting]
        if len(self.labelled) < count:
            raise StudyError(f"the setting {setting} needs {count} labelled cases but the split has {len(self.labelled)}")
        return self.labelled[:count]


class Setting:
    """Folders that all runs of a setting start from; only the labels in `labels` are ever shown to the networks."""

    def __init__(self, name, split, work, with_curve):
        self.name, self.split, self.folder = name, split, work / "settings" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.images, self.labels, self.truth = (self._made(part) for part in ("images", "labels", "truth"))
        for case in split.labelled + split.unlabelled + split.test:
            shutil.copy(split.images / f"{case}.nii.gz", self.images)
        for case in split.test:
            shutil.copy(split.truth / f"{case}.nii.gz", self.truth)
        for case in split.given(name):
            if name == "sparse":
                write_sparse_labels(split.truth / f"{case}.nii.gz", self.labels, case)
            else:
                shutil.copy(split.truth / f"{case}.nii.gz", self.labels)
        # Held-out cases reach no training batch; with their labels the run draws a curve of their Dice.
        for case in split.test if with_curve else []:
            shutil.copy(split.truth / f"{case}.nii.gz", self.labels)
        (self.folder / "test.txt").write_text("\n".join(split.test) + "\n")
        (self.folder / "classes.txt").write_text("".join(f"{id} {name}\n" for id, name in CLASSES.items()))

    def _made(self, part):
        (self.folder / part).mkdir(parents=True)
        return self.folder / part

    def make_project(self, chiaro, study):
        """`init` takes only whole masks, so partly labelled cases come in as the project's own two planes."""
        lists = ["--classes", self.folder / "classes.txt", "--held-out", self.folder / "test.txt"]
        origins = {path.name.replace(".origin", ""): path for path in self.labels.glob("*.origin.nii.gz")}
        masks = [path for path in self.labels.glob("*.nii.gz") if ".origin." not in path.name]
        complete = [path for path in masks if path.name not in origins]
        if complete:
            # Beside the project: several of them may be made at a time.
            whole = study.with_name("whole")
            whole.mkdir(parents=True, exist_ok=True)
            for path in complete:
                shutil.copy(path, whole)
            lists += ["--labels", whole]
        chiaro("init", study, "--images", self.images, *lists)
        (study / "labels").mkdir(exist_ok=True)
        for path in masks:
            if path.name in origins:
                shutil.copy(path, study / "labels")
                shutil.copy(origins[path.name], study / "labels")


class Run:
    """One method with one seed in one setting."""

    def __init__(self, setting, variant, seed, args):
        self.setting, self.variant, self.seed, self.args = setting, variant, seed, args
        self.length = f"{args.minutes}-minutes" if args.minutes else f"{args.steps}-steps"
        self.key = f"{setting.name}.{variant.name}.{self.length}.{len(setting.split.test)}-cases.{args.device}.seed-{seed}"
        self.result = args.work / "results" / f"{self.key}.json"
        self.folder = args.work / "runs" / self.key

    def is_done(self):
        if not self.result.is_file():
            return False
        made = json.loads(self.result.read_text())
        if (made["method"], made["flags"]) != (self.variant.method, self.variant.flags):
            raise StudyError(f"{self.result} was made with other flags; give the variant another name")
        return True

    def execute(self):
        """Runs everything anew in an empty folder and writes the result last."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        study, masks = self.folder / "study", self.folder / "masks"
        self.setting.make_project(self.chiaro, study)
        test = ",".join(self.setting.split.test)
        # With minutes the program chooses the steps itself, from its own speed here.
        length = ["--minutes", self.args.minutes] if self.args.minutes else ["--steps", self.args.steps]
        begin = ["train", study, "--method", self.variant.method, *length, "--seed", self.seed]
        reports = self.chiaro(*begin, "--device", self.args.device, "--json", *self.variant.flags)
        last = json.loads(reports.strip().splitlines()[-1])
        self.chiaro("predict", study, "--cases", test)
        self.chiaro("export", study, "--out", masks, "--what", "probabilities")
        scores = self.scores(masks)
        run = {
            "setting": self.setting.name,
            "variant": self.variant.name,
            "method": self.variant.method,
            "flags": self.variant.flags,
            "seed": self.seed,
            "length": self.length,
            "steps": last["step"],
            "test_cases": self.setting.split.test,
            "device": self.args.device,
            "jobs": self.args.jobs,
            "seconds_per_step": last["seconds"] / last["step"],
            "scores": scores,
            "scores_a": self.scores(self.masks_of_network_a(study)),
            "doubts": self.doubts(study),
        }
        for metrics in study.glob("models/*/metrics.csv"):
            shutil.copy(metrics, self.result.with_suffix(".metrics.csv"))
        draft = self.result.with_suffix(".draft")
        draft.write_text(json.dumps(run, indent=1))
        os.replace(draft, self.result)
        if not self.args.keep:
            shutil.rmtree(self.folder)
        return run

    def scores(self, masks):
        return json.loads(self.chiaro("evaluate", "--pred", masks, "--truth", self.setting.truth, "--json"))

    def doubts(self, study):
        """AUROC of every sign of doubt, which probability is shown, and what 20 corrections per case change."""
        told = json.loads(self.chiaro("doubts", study, "--truth", self.setting.truth, "--json"))
        del told["checks"]  # the same as in `scores`, with their bins
        return told

    def masks_of_network_a(self, study):
        """What network A says alone: a published baseline is one network, where the program shows the mean of two."""
        folder = self.folder / "masks_a"
        folder.mkdir()
        for case in self.setting.split.test:
            shutil.copy(study / "pseudo" / case / "class_a.nii.gz", folder / f"{case}.nii.gz")
        return folder

    def chiaro(self, *arguments):
        """Output of the program; jobs that run side by side share the processor evenly."""
        threads = max(1, (os.cpu_count() or 1) // self.args.jobs)
        done = subprocess.run(
            [str(self.args.chiaro), *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, "RAYON_NUM_THREADS": str(threads)},
        )
        with open(self.folder / "log.txt", "a") as log:
            log.write(f"$ chiaro {' '.join(map(str, arguments))}\n{done.stderr}")
        if done.returncode != 0:
            raise StudyError(f"chiaro {arguments[0]} failed; {self.folder / 'log.txt'} ends with: {done.stderr[-300:]}")
        return done.stdout


def run_study(args):
    """Runs what is not there yet; the number of failed runs."""
    if not args.chiaro.is_file():
        raise StudyError(f"{args.chiaro} is not there; build it with cargo build --release or name it with --chiaro")
    split = Split(args.data, args.test_cases)
    (args.work / "results").mkdir(parents=True, exist_ok=True)
    settings = [Setting(name, split, args.work, args.curve) for name in args.settings.split(",")]
    variants = [Variant(text) for text in args.methods]
    # Seed by seed, so that a study that was stopped early compares the methods on the same seeds.
    runs = [Run(s, v, int(seed), args) for seed in args.seeds.split(",") for s in settings for v in variants]
    waiting = [run for run in runs if not run.is_done()]
    print(f"{len(runs) - len(waiting)} of {len(runs)} runs are done", flush=True)
    failed, begin = 0, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        futures = {pool.submit(run.execute): run for run in waiting}
        try:
            for count, future in enumerate(concurrent.futures.as_completed(futures), 1):
                try:
                    dice = future.result()["scores"]["mean_dice"]
                    told = f"{futures[future].key}: mean Dice {dice:.4f}"
                except Exception as error:  # one run must not take the others' results along
                    failed, told = failed + 1, f"{futures[future].key}: {error}"
                print(f"[{count}/{len(waiting)}, {time.monotonic() - begin:.0f} s] {told}", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failed


# --- tables --------------------------------------------------------------------------------------------------------


def mean_sd(values, digits):
    """`mean ± sample standard deviation`, or a dash for nothing."""
    values = [v for v in values if v is not None]
    if not values:
        return "-"
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def mean_se(differences, digits=4):
    """`mean ± standard error` of paired differences."""
    if not differences:
        return "-"
    mean = f"{statistics.fmean(differences):+.{digits}f}"
    if len(differences) == 1:
        return mean
    return f"{mean} ± {statistics.stdev(differences) / len(differences) ** 0.5:.{digits}f}"


def score(run, key, class_id):
    """A class's mean over the test cases: dice, hd95_mm, asd_mm, ...; None where no case has a distance."""
    found = [c[key] for c in run["scores"]["per_class"] if c["class"] == class_id]
    return found[0]["mean"] if found and found[0] else None


def print_table(head, rows):
    print(f"\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def print_scores(by_variant):
    head = ["method", "seeds", "mean Dice", "network A alone"]
    columns = [("dice", "Dice", 3), ("hd95_mm", "HD95 mm", 2), ("asd_mm", "ASD mm", 2)]
    head += [f"{title} {name}" for _, title, _ in columns for name in CLASSES.values()] + ["s per step"]
    rows = []
    for name, runs in by_variant.items():
        row = [name, str(len(runs)), mean_sd([r["scores"]["mean_dice"] for r in runs], 4)]
        row.append(mean_sd([r["scores_a"]["mean_dice"] for r in runs if "scores_a" in r], 4))
        row += [mean_sd([score(r, key, id) for r in runs], digits) for key, _, digits in columns for id in CLASSES]
        rows.append(row + [mean_sd([r["seconds_per_step"] for r in runs], 2)])
    print_table(head, rows)


def print_calibration(by_variant):
    titles = {"ece": "ECE", "brier": "Brier", "nll": "NLL"}
    keys = [(what, kind) for what in titles for kind in PROBABILITIES]
    values = {k: {n: [r["scores"].get("_".join(k)) for r in runs] for n, runs in by_variant.items()} for k in keys}
    present = [k for k in keys if any(v is not None for found in values[k].values() for v in found)]
    if present:
        rows = [[name] + [mean_sd(values[k][name], 4) for k in present] for name in by_variant]
        print_table(["method"] + [f"{titles[what]} {kind}" for what, kind in present], rows)


def print_doubts(by_variant):
    told = {name: [r["doubts"] for r in runs if "doubts" in r] for name, runs in by_variant.items()}
    told = {name: doubts for name, doubts in told.items() if doubts}
    # The reserved labels fit the pair; where there are none it would be fitted on the cases it is judged on.
    auroc = {
        name: [{s["name"]: s["auroc"] for s in d["signs"] if s["name"] != "pair" or d["fitted_on_reserved"]} for d in doubts]
        for name, doubts in told.items()
    }
    signs = list(dict.fromkeys(sign for found in auroc.values() for run in found for sign in run))
    if not signs:
        return
    head = ["method"] + [f"AUROC {sign.replace('_', ' ')}" for sign in signs] + ["wrong voxels left by corrections"]
    rows = []
    for name, doubts in told.items():
        left = [d["corrections"]["wrong_after"] / max(1, d["corrections"]["wrong_before"]) for d in doubts]
        rows.append([name] + [mean_sd([run.get(sign) for run in auroc[name]], 4) for sign in signs] + [mean_sd(left, 3)])
    print_table(head, rows)


def print_differences(by_variant):
    """Dice against a reference with the same seed; the standard error is over seeds."""
    for reference in REFERENCES:
        base = {r["seed"]: r for r in by_variant.get(reference, [])}
        rows = []
        for name, runs in by_variant.items():
            pairs = [(r, base[r["seed"]]) for r in runs if name != reference and r["seed"] in base]
            if not pairs:
                continue
            mean = [a["scores"]["mean_dice"] - b["scores"]["mean_dice"] for a, b in pairs]
            per_class = [[score(a, "dice", id) - score(b, "dice", id) for a, b in pairs] for id in CLASSES]
            rows.append([name, str(len(pairs)), mean_se(mean)] + [mean_se(d) for d in per_class])
        if rows:
            print_table([f"minus {reference}", "pairs", "mean Dice", *(f"Dice {n}" for n in CLASSES.values())], rows)


def print_tables(args):
    results = [json.loads(path.read_text()) for path in sorted((args.work / "results").glob("*.json"))]
    if not results:
        raise StudyError(f"{args.work / 'results'} holds no finished run; start one with study.py run")
    # The methods that others are compared with come first.
    results.sort(key=lambda run: (run["variant"] not in REFERENCES[:1], run["variant"] not in REFERENCES))
    groups = {}
    for run in results:
        length = run.get("length", f"{run['steps']}-steps").replace("-", " ")
        group = groups.setdefault((run["setting"], length, run.get("device", "cpu"), len(run["test_cases"])), {})
        group.setdefault(run["variant"], []).append(run)
    in_order = sorted(groups.items(), key=lambda group: (list(SETTINGS).index(group[0][0]), *group[0][1:]))
    for (setting, length, device, cases), by_variant in in_order:
        print(f"\n### {SETTINGS[setting]}, {length}, {device}, {cases} test cases; mean ± standard deviation over seeds")
        print_scores(by_variant)
        print_calibration(by_variant)
        print_doubts(by_variant)
        print("\nPaired differences (same seed), mean ± standard error:")
        print_differences(by_variant)


def full_path(text):
    return Path(text).resolve()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run what is missing")
    run.add_argument("--chiaro", type=full_path, default="target/release/chiaro", help="the program")
    run.add_argument("--data", type=full_path, required=True, help="folder with splits_dev.csv and hippocampus/")
    run.add_argument("--settings", default="labelled-3,labelled-12,sparse", help=", ".join(SETTINGS))
    run.add_argument("--methods", nargs="+", default=["supervised", "cps", "dual-confidence"], metavar="VARIANT")
    run.add_argument("--seeds", default="1,2,3")
    run.add_argument("--steps", type=int, default=1000)
    run.add_argument("--minutes", type=int, help="train for so many minutes instead of so many steps")
    run.add_argument("--test-cases", type=int, help="only the first so many test cases")
    run.add_argument("--device", default="cpu")
    run.add_argument("--jobs", type=int, default=1, help="runs side by side")
    run.add_argument("--curve", action="store_true", help="measure held-out Dice while training, for `chiaro plot`")
    run.add_argument("--keep", action="store_true", help="keep the projects and masks")
    table = commands.add_parser("table", help="print the tables as markdown")
    for command in (run, table):
        command.add_argument("--work", type=full_path, required=True, help="folder of the study")
    return parser.parse_args()


def main():
    args = arguments()
    try:
        if args.command == "table":
            return print_tables(args)
        unknown = [name for name in args.settings.split(",") if name not in SETTINGS]
        if unknown:
            raise StudyError(f"there is no setting {', '.join(unknown)}; there are {', '.join(SETTINGS)}")
        return 1 if run_study(args) else 0
    except StudyError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on with the runs that are missing.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
