"""make mail-scores: how well mail is read, folder by folder, with the baseline libraries beside it.

Usage: python -m scripts.mail_scores [--verbose] [--no-baselines] [FOLDER...]
"""

from __future__ import annotations

import argparse
import email
import email.policy
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from email.message import EmailMessage, Message
from typing import Any

from channels_inbound.email.parse import Unparseable, as_dict, parse_email
from scripts import mail_baselines
from scripts.mail_corpora import REPLY_KEYS, Sample, corpora_folder, is_reply_found, is_storable, read_samples

Reading = dict[str, Any]
Reader = Callable[[Sample], Reading]
MEASURES = (
    "replies", "bounces", "not a bounce", "recipients", "files", "auto", "subjects", "senders", "in reply to",
    "storable", "read",
)  # fmt: skip


def main() -> int:
    options = _options()
    root = corpora_folder()
    samples = [item for item in read_samples(root) if not options.folders or item.folder in options.folders]
    if not samples:
        print(f"NOTHING MEASURED: no mails in {root}. Say where they are with HELPDESK_CORPORA.", file=sys.stderr)
        return 2
    scores: dict[str, Scores] = {"ours": Scores(samples, read_ours)}
    if not options.no_baselines:
        scores |= _baselines(samples)
    for folder in dict.fromkeys(item.folder for item in samples):
        _print_folder(folder, scores)
    _print_folder("", scores)
    print("  recipients, files, subjects and senders: against the standard library's reading, where it can read at all")
    if options.verbose:
        for line in scores["ours"].failures:
            print(line)
    _print_times(samples)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--verbose", action="store_true", help="name every mail that is not read as wanted")
    parser.add_argument("--no-baselines", action="store_true")
    return parser.parse_args()


def _baselines(samples: list[Sample]) -> dict[str, Scores]:
    if not mail_baselines.install():
        print("The baseline libraries could not be installed: no comparison.", file=sys.stderr)
        return {}
    return {name: Scores(samples, _baseline(reader)) for name, reader in mail_baselines.reply_readers().items()}


def _baseline(reader: Callable[[str], str]) -> Reader:
    return lambda sample: mail_baselines.read_with_baseline(sample.raw, reader)


def read_ours(sample: Sample) -> Reading:
    try:
        return as_dict(parse_email(sample.raw))
    except Unparseable as error:
        return {"error": str(error)}


class Scores:
    """Hits and tries of each measure, by folder and ("") together."""

    def __init__(self, samples: list[Sample], read: Reader) -> None:
        self.tries: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        self.failures: list[str] = []
        for sample in samples:
            for measure, hit in judge(sample, read(sample)).items():
                for folder in (sample.folder, ""):
                    counted = self.tries[folder, measure]
                    counted[0] += hit
                    counted[1] += 1
                if not hit:
                    self.failures.append(f"  not {measure:12} {sample.folder}/{sample.name}")

    def cell(self, folder: str, measure: str) -> str:
        hits, tries = self.tries[folder, measure]
        return f"{hits:4d}/{tries:<4d}{100 * hits / tries:5.1f} %" if tries else ""


def judge(sample: Sample, found: Reading) -> dict[str, bool]:
    """Each measure that this mail can be judged by. A mail that was not read fails all of them."""
    wanted, broken = sample.wanted, "error" in found
    verdicts = {"read": not broken, "storable": not broken and is_storable(found)}
    if any(key in wanted for key in REPLY_KEYS):
        verdicts["replies"] = not broken and is_reply_found(wanted, found["reply_text"])
    if wanted.get("is_bounce"):
        verdicts["bounces"] = bool(found.get("is_bounce"))
    elif sample.folder != "mail_gem":
        verdicts["not a bounce"] = not broken and not found["is_bounce"]
    for measure, key in (("auto", "auto_submitted"), ("subjects", "subject"), ("in reply to", "in_reply_to")):
        if key in wanted:
            verdicts[measure] = not broken and (found.get(key) or "") == (wanted[key] or "")
    return verdicts | _judge_by_second_reading(sample, found)


def _judge_by_second_reading(sample: Sample, found: Reading) -> dict[str, bool]:
    """Where nobody wrote down what to expect: against the standard library, on what it can read by the book."""
    try:
        with mail_baselines.time_limit():
            book = mail_baselines.read_with_stdlib(sample.raw)
            reported = _reported_recipients(sample.raw)
    except Exception:  # noqa: BLE001 - it raises on mail we have to read
        return {}
    verdicts: dict[str, bool] = {}
    broken = "error" in found
    if book["attachments"] and is_storable(book):
        verdicts["files"] = not broken and not _missing(book["attachments"], found["attachments"])
    if "subject" not in sample.wanted and is_storable(book) and "\ufffd" not in book["subject"]:
        verdicts["subjects"] = not broken and book["subject"].split() == found["subject"].split()
    if "@" in book["from"]["address"]:
        verdicts["senders"] = not broken and book["from"]["address"].lower() == found["from"]["address"].lower()
    if reported and "bounced_recipients" in found:
        verdicts["recipients"] = bool(reported & {item.lower() for item in found["bounced_recipients"]})
    return verdicts


def _missing(wanted: list[Reading], found: list[Reading]) -> list[Reading]:
    have = {(file["filename"], file["content_id"]) for file in found}
    names = {name for name, _ in have}
    ids = {content_id for _, content_id in have}
    return [
        file
        for file in wanted
        if (file["filename"] and file["filename"] not in names)
        or (file["content_id"] and file["content_id"] not in ids)
    ]


def _reported_recipients(raw: bytes) -> set[str]:
    """Who a delivery report names by the book (RFC 3464)."""
    found = set()
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            for block in part.get_payload():
                assert isinstance(block, Message)
                value = block.get("Final-Recipient") or block.get("Original-Recipient") or ""
                if "@" in value and str(block.get("Action", "")).lower() not in ("delivered", "relayed", "expanded"):
                    found.add(value.rpartition(";")[2].strip(" <>").lower())
    return found


def _print_folder(folder: str, scores: dict[str, Scores]) -> None:
    print(f"\n{folder or 'all folders':14}" + "".join(f"{name:>22}" for name in scores))
    for measure in MEASURES:
        cells = [score.cell(folder, measure) for score in scores.values()]
        if any(cells):
            print(f"  {measure:12}" + "".join(f"{cell:>22}" for cell in cells))


def _print_times(samples: list[Sample]) -> None:
    """CPU of one mail by kind: ours does everything, the standard library only takes the mail apart."""
    kinds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for sample in samples:
        kind = _kind(sample.raw)
        if kind:
            kinds[kind].append((_cpu_ms(read_ours, sample), _cpu_ms(_read_quietly, sample)))
    print(f"\n{'CPU ms a mail':22}{'mails':>7}{'ours median':>14}{'worst':>9}{'stdlib median':>16}{'worst':>9}")
    for kind, times in sorted(kinds.items()):
        ours, book = [pair[0] for pair in times], [pair[1] for pair in times]
        print(
            f"  {kind:20}{len(times):7d}{statistics.median(ours):14.2f}{max(ours):9.1f}"
            f"{statistics.median(book):16.2f}{max(book):9.1f}"
        )


def _kind(raw: bytes) -> str:
    try:
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        types = [part.get_content_type() for part in message.walk()]
    except Exception:  # noqa: BLE001
        return "broken"
    if "message/delivery-status" in types:
        return "delivery report"
    if any(not kind.startswith(("text/", "multipart/")) for kind in types):
        return "with files"
    return "HTML" if "text/html" in types else "plain text"


def _cpu_ms(work: Callable[[Sample], object], sample: Sample) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work(sample)
        best = min(best, time.process_time() - start)
    return best * 1000


def _read_quietly(sample: Sample) -> None:
    try:
        with mail_baselines.time_limit():
            message = email.message_from_bytes(sample.raw, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            for name in ("From", "To", "Cc", "Subject", "Date", "Message-ID"):
                message.get(name)
            for part in message.walk():
                if not part.is_multipart():
                    part.get_content()
    except Exception:  # noqa: BLE001 - how long it takes to fail counts as well
        return


if __name__ == "__main__":
    sys.exit(main())
