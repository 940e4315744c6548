"""Asks our statistics (stats_tool) and scipy or statsmodels the same questions, and compares the answers.

usage: compare.py STATS_TOOL
"""

import math
import random
import subprocess
import sys

import numpy
from scipy import stats
from statsmodels.regression.linear_model import WLS
from statsmodels.stats import multitest, proportion

rng = random.Random(20250701)
questions = []  # (name, the line for our tool, the answer expected, relative tolerance, absolute tolerance)


def ask(name, numbers, expected, relative=1e-9, absolute=1e-12):
    line = " ".join([name] + [repr(float(number)) for number in numbers])
    questions.append((name, line, [float(value) for value in expected], relative, absolute))


def counts(largest=5000):
    n = rng.choice([rng.randint(1, 30), rng.randint(30, 500), rng.randint(500, largest)])
    return rng.choice([0, n, rng.randint(0, n), rng.randint(0, max(1, n // 20))]), n


def rates():
    for _ in range(300):
        x, n = counts(100000)
        confidence = rng.choice([0.8, 0.9, 0.95, 0.99])
        for name, method in (("wilson", "wilson"), ("exact", "beta")):
            low, high = proportion.proportion_confint(x, n, alpha=1 - confidence, method=method)
            low = 0.0 if math.isnan(low) else low
            high = 1.0 if math.isnan(high) else high
            ask(name, [x, n, confidence], [x / n, low, high], 1e-8, 1e-10)


def pairs():
    for _ in range(300):
        (x1, n1), (x2, n2) = counts(), counts()
        low, high = proportion.confint_proportions_2indep(x2, n2, x1, n1, compare="diff", method="newcomb",
                                                          alpha=0.05)
        ask("newcombe", [x1, n1, x2, n2, 0.95], [x2 / n2 - x1 / n1, low, high], 1e-8, 1e-9)
        _, p = stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])
        # Both sum up what is no likelier than the table observed; scipy's own limit is 1e-14 where ours, as R's, is 1e-7.
        ask("fisher", [x1, n1, x2, n2], [p], 1e-6, 1e-12)
        if 0 < x1 + x2 < n1 + n2:
            z, p = proportion.proportions_ztest([x2, x1], [n2, n1])
            ask("score", [x1, n1, x2, n2], [z, p], 1e-9, 1e-300)


def many():
    for _ in range(50):
        values = [rng.random() ** 3 for _ in range(rng.randint(1, 60))]
        ask("holm", values, multitest.multipletests(values, method="holm")[1])


def ranks():
    for _ in range(200):
        n = rng.randint(400, 200000)
        q = rng.choice([0.5, 0.9, 0.95, 0.99])
        low, high = stats.binom.ppf([0.025, 0.975], n, q)
        ask("ranks", [n, q, 0.95], [low, high + 1], 0, 0)


def distributions():
    for _ in range(300):
        p = rng.choice([rng.random(), 10 ** rng.uniform(-12, -1)])
        df, a, b = rng.randint(1, 400), 10 ** rng.uniform(-1, 5), 10 ** rng.uniform(-1, 5)
        ask("quantiles", [p, df, a, b], [stats.norm.ppf(p), stats.t.ppf(p, df), stats.beta.ppf(p, a, b)], 1e-7, 1e-12)


def sizes():
    for p1, p2 in ((0.02, 0.05), (0.01, 0.03), (0.005, 0.02), (0.3, 0.5)):
        size = proportion.samplesize_proportions_2indep_onetail(p2 - p1, p1, power=0.8, ratio=1, alpha=0.05)
        ask("size", [p1, p2, 0.95, 0.8], [math.ceil(size)], 0, 1)


def clusters():
    """The share of attempts that failed as a ratio estimate over sessions: its linearized variance, by numpy."""
    for _ in range(60):
        sessions = [(m, rng.choice([0, 0, 0, rng.randint(0, m), m])) for m in (rng.randint(1, 12) for _ in range(300))]
        m, x = (numpy.array(column, dtype=float) for column in zip(*sessions))
        n, p = m.sum(), x.sum() / m.sum()
        variance = ((x - m * p) ** 2).sum() / n**2 * len(m) / (len(m) - 1)
        effect = max(1.0, variance / (p * (1 - p) / (n - 1)))
        z = stats.norm.ppf(0.975) if effect == 1 else stats.t.ppf(0.975, min(len(m) - 1, 2 * (x > 0).sum()))
        low, high = proportion.proportion_confint(p * n / effect, n / effect, 2 * stats.norm.sf(z), method="wilson")
        ask("clustered", [0.95] + [number for pair in sessions for number in pair], [effect, p, low, high])


def blocks_of_time():
    """The variance by blocks of time is that of a weighted mean with clustered errors; a difference, that of a dummy."""
    for _ in range(60):
        minutes, length = rng.choice([12, 60, 240]), rng.choice([60.0, 120.0, 300.0, 600.0])
        days = rng.choice([1, 1, 5])
        rows, groups = [], []
        for day in range(days):
            parts = max(1, math.floor(minutes * 60 / length + 0.5))
            for minute in range(minutes):
                bad = rng.random() < 0.05
                sides = [(m, rng.randint(0, m) if bad else rng.choice([0, 0, 1])) for m in (rng.randint(1, 60), rng.randint(1, 60))]
                rows.append([day * 86400.0 + minute * 60, 60.0] + [number for side in sides for number in side])
                groups.append(day * 1000 + math.floor((minute + 0.5) / (minutes / parts)))
        table = numpy.array(rows)
        _, _, ma, xa, mb, xb = table.T
        number = len(set(groups))
        if number < 2 or xa.sum() == 0 or xb.sum() == 0:
            continue
        one = WLS(xa / ma, numpy.ones(len(ma)), weights=ma).fit(cov_type="cluster", cov_kwds={"groups": numpy.array(groups)})
        ask("spread", [length] + [n for row in rows for n in row[:4]], [number, one.cov_params()[0, 0]])
        side = numpy.repeat([0.0, 1.0], len(ma))
        both = WLS(numpy.concatenate([xa / ma, xb / mb]), numpy.column_stack([numpy.ones(len(side)), side]),
                   weights=numpy.concatenate([ma, mb])).fit(cov_type="cluster", cov_kwds={"groups": numpy.array(groups * 2)})
        small = (len(side) - 1) / (len(side) - 2)  # its correction for two coefficients, which sides of a pair do not need
        ask("spread-of-pair", [length] + [n for row in rows for n in row], [number, both.cov_params()[1, 1] / small], 1e-8)


def mean_trials(up, down, top, p):
    """A sum that a failure raises by `up`, a success lowers by `down` to 0 at least: trials until `top` (Brook and Evans)."""
    matrix = numpy.eye(top)
    for s in range(top):
        matrix[s, max(0, s - down)] -= 1 - p
        if s + up < top:
            matrix[s, s + up] -= p
    return numpy.linalg.solve(matrix, numpy.ones(top))[0]


def watches():
    """The limit of the sum that watches a rate is the lowest at which the Markov chain keeps false alarms apart."""
    for acceptable, too_high in ((0.02, 0.05), (0.02, 0.1), (0.01, 0.04), (0.05, 0.15), (0.05, 0.5), (0.2, 0.4), (0.3, 0.9)):
        ratio = math.log(too_high / acceptable) / math.log((1 - acceptable) / (1 - too_high))
        near = 0.1 * (too_high - acceptable) / too_high
        down = next(d for d in range(1, 99) if abs(max(1, round(ratio * d)) / (ratio * d) - 1) <= near)
        up = max(1, round(ratio * down))
        for mean in (1e3, 1e5):
            top = next(t for t in range(1, 2000) if mean_trials(up, down, t, acceptable) >= mean)
            ask("cusum", [acceptable, too_high, mean], [mean_trials(up, down, top, p) for p in (acceptable, too_high)], 1e-6)


def incidents():
    """Kulldorff's likelihood ratio of a burst that is plain to see bounds its binomial tail."""
    for _ in range(40):
        count, cluster = rng.choice([360, 1080]), rng.choice([1.0, 2.0, 3.5])
        attempts = [rng.randint(5, 12) for _ in range(count)]
        failed = [int(rng.random() < 0.03) for _ in range(count)]
        start, length = rng.randint(20, count - 40), rng.randint(6, 12)
        for i in range(start - 4, start + length + 4):
            failed[i] = attempts[i] if start <= i < start + length else 0
        total, x = sum(failed) / cluster, sum(failed[start:start + length]) / cluster
        w = sum(attempts[start:start + length]) / sum(attempts)
        bound = -x * math.log(x / (total * w)) - ((total - x) * math.log((total - x) / (total * (1 - w))) if total > x else 0)
        if stats.binom.logsf(math.ceil(x) - 1, math.floor(total), w) > bound + 1e-9 and cluster == 1:
            sys.exit("the bound of a scan is none")
        ask("incident", [cluster] + [n for pair in zip(attempts, failed) for n in pair], [1, start, length, bound], 1e-9)


def pairs_in_time():
    """What two regions have in common, ranked among all circular shifts, by numpy."""

    def residuals(x, e, shift):
        x, e = numpy.roll(x, -shift), numpy.roll(e, -shift)
        f = max(0.0, (((x - e) ** 2) - e).sum() / (e**2).sum())
        z = numpy.zeros(len(x))
        for part in range(8):
            at = slice(part * len(x) // 8, (part + 1) * len(x) // 8)
            spread = (x[at].sum() + 1) / (e[at].sum() + 1)
            here = (x[at] - e[at] * x[at].sum() / e[at].sum()) / numpy.sqrt(numpy.maximum(e[at] * (1 + f * e[at]), 1e-300) * spread)
            z[at] = numpy.where(e[at] > 0, here, 0)
        return z

    for _ in range(40):
        count = rng.choice([80, 200, 355])
        stage = numpy.arange(count) * 3 // count
        shared = numpy.array([rng.random() < 0.1 for _ in range(count)])
        sides = []
        for _ in range(2):
            n = numpy.array([float(rng.randint(0, 20)) for _ in range(count)])
            x = numpy.array([float(sum(rng.random() < (0.4 if bad else 0.05) for _ in range(int(m)))) for m, bad in zip(n, shared)])
            e = numpy.concatenate([n[stage == k] * x[stage == k].sum() / n[stage == k].sum() for k in range(3)])
            sides.append((n, x, e))
        a = residuals(*sides[0][1:], 0)
        every = [residuals(*sides[1][1:], shift) for shift in range(count)]
        products = numpy.array([(a * b).sum() for b in every])
        p = (products >= products[0] - 1e-9 * abs(products[0])).mean()
        numbers = numpy.column_stack([sides[0][0], sides[0][1], sides[1][0], sides[1][1], stage]).ravel()
        ask("together", numbers, [products[0] / math.sqrt((a * a).sum() * (every[0] ** 2).sum()), p])


def main():
    for question in (rates, pairs, many, ranks, distributions, sizes, clusters, blocks_of_time,
                     watches, incidents, pairs_in_time):
        question()
    lines = "".join(line + "\n" for _, line, *_ in questions)
    output = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True).stdout
    answers = output.splitlines()
    if len(answers) != len(questions):
        sys.exit(f"{len(questions)} questions, {len(answers)} answers")
    right, wrong = {}, 0
    for (name, line, expected, relative, absolute), text in zip(questions, answers):
        got = [float(value) for value in text.split()]
        good = len(got) == len(expected) and all(
            math.isclose(a, b, rel_tol=relative, abs_tol=absolute) for a, b in zip(got, expected))
        right[name] = right.get(name, 0) + good
        if not good:
            wrong += 1
            print(f"DISAGREE {line[:200]}: {got}, not {expected}", file=sys.stderr)
    for name, count in right.items():
        print(f"{name}: {count} agree")
    print(f"{sum(right.values())} passed, {wrong} failed")
    sys.exit(wrong != 0)


main()
