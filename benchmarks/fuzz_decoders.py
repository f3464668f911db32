"""Feed random packets to every family's decoder: only samples with sane numbers, or a typed error with the bytes.

Run: python benchmarks/fuzz_decoders.py [--packets 1000000] [--seed 0]. A third of the packets is random bytes, a third
valid packets with bytes changed, cut, added, repeated or left out, a third valid. Every decoder must survive all of it,
raise nothing but `PacketError` with these bytes, and deliver finite numbers; after three valid packets in a row every
sample without a flag must be a true one. (A valid length with changed values is what no decoder can see: these families
have no checksum of their own.) Prints counts per family; exits 1 on a violation.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle

import numpy as np
from decode import FAMILIES

from imu_hinge.errors import PacketError
from imu_hinge.sensors.drivers.catalog import driver_for
from imu_hinge.sensors.protocol import Decoded, Decoder

LARGEST_ACC, LARGEST_GYR = 16 * 9.81 * 1.2, 35 * 1.2


def mangle(payload: bytes, rng: random.Random) -> list[bytes]:
    """Return what a broken link or firmware could make of one packet."""
    how = rng.randrange(6)
    at = rng.randrange(len(payload))
    if how == 0:
        return [payload[:at] + bytes((payload[at] ^ 1 << rng.randrange(8),)) + payload[at + 1 :]]
    if how == 1:
        return [payload[:at]]
    if how == 2:
        return [payload + rng.randbytes(rng.randrange(1, 20))]
    if how == 3:
        return [payload, payload]
    if how == 4:
        return [payload[:at] + rng.randbytes(4) + payload[at + 4 :]]
    return []


def rows(blocks: list[Decoded]) -> list[tuple[float, ...]]:
    """Return the samples without a flag, rounded for comparison."""
    return [
        tuple(row) for block in blocks for row in np.hstack((block.acc, block.gyr))[block.flags == 0].round(6).tolist()
    ]


def judge(blocks: list[Decoded], truth: set[tuple[float, ...]] | None) -> str | None:
    """Return what is wrong with decoded blocks, or None; ``truth`` where only true samples may come."""
    if truth is not None and not truth.issuperset(rows(blocks)):
        return "a wrong sample without a flag"
    for block in blocks:
        n = len(block)
        if block.acc.shape != (n, 3) or block.gyr.shape != (n, 3) or block.flags.shape != (n,):
            return "shapes do not fit"
        if not (np.isfinite(block.acc).all() and np.isfinite(block.gyr).all()):
            return "not finite"
        if n and (np.abs(block.acc).max() > LARGEST_ACC or np.abs(block.gyr).max() > LARGEST_GYR):
            return "beyond any hardware"
        if block.device_ns is not None and n > 1 and (np.diff(block.device_ns) < 0).any():
            return "time goes back within a packet"
        if block.lost is not None and (block.lost < 0 or (block.lost and not block.flags[0])):
            return "loss without a flag"
    return None


def attempt(
    decoder: Decoder, characteristic: str, payload: bytes, truth: set[tuple[float, ...]] | None
) -> tuple[str, str | None]:
    """Feed one packet; return what came of it and what is wrong with that."""
    try:
        blocks = decoder.feed(characteristic, payload)
    except PacketError as refused:
        is_told = refused.packet and refused.characteristic and 0 <= refused.offset <= len(refused.packet)
        return "refused", None if is_told or not payload else f"an error without its bytes: {refused}"
    except Exception as crash:
        return "crashed", f"{type(crash).__name__}: {crash}"
    return ("decoded" if blocks else "nothing"), judge(blocks, truth)


def fuzz(family: str, packets: int, rng: random.Random) -> tuple[Counter[str], list[str]]:
    """Return counts and violations of one family."""
    settings, make = FAMILIES[family]
    valid: Iterator[tuple[str, bytes]] = cycle(list(make(20.0)))
    decoder, counts, wrong = driver_for(family).decoder(settings), Counter[str](), []
    truth = {row for packet in make(20.0) for row in rows(decoder.feed(*packet))}
    fed = clean = 0
    while fed < packets:
        characteristic, payload = next(valid)
        kind = rng.randrange(3)
        if kind == 0:
            pieces = [rng.randbytes(rng.choice((0, 1, 2, 7, 12, 19, 20, 28, 40, 100, 102, 132, 198, 244)))]
            if rng.random() < 0.5 and pieces[0]:
                head = rng.randrange(1, 12)
                pieces[0] = payload[:head] + pieces[0][head:]
        else:
            pieces = [payload] if kind == 1 else mangle(payload, rng)
        clean = clean + 1 if kind == 1 else 0
        for piece in pieces:
            fed += 1
            came, violation = attempt(decoder, characteristic, piece, truth if clean > 3 else None)
            counts[came] += 1
            if violation:
                wrong.append(f"{family}: {violation}: {piece.hex()}")
        if rng.random() < 1e-3:
            decoder.resume(settings)
    return counts, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    began, violations = time.monotonic(), []
    for family in FAMILIES:
        counts, wrong = fuzz(family, args.packets // len(FAMILIES), random.Random(f"{family}{args.seed}"))
        violations += wrong
        print(f"{family:<12} {sum(counts.values()):8d} packets: " + ", ".join(f"{k} {v}" for k, v in counts.items()))
    print(f"{len(violations)} violations in {time.monotonic() - began:.0f} s")
    for line in violations[:10]:
        print(line)
    if violations:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
