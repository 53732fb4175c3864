"""Figures for Prometheus, made anew at each scrape: the database counts, whichever process did the work."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from storage.opinions import FATES, OUTCOMES


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """Called by the registry."""
        return self._families


def registry(
    told: dict[str, Any],
    stopped: Mapping[str, bool],
    tasks: Mapping[str, int],
    opinions: Mapping[str, int],
    readers: int,
) -> CollectorRegistry:
    """Everything to be scraped: what the ledger told, which channels stand still, what there is to do, who reads.

    `opinions` are a model's, as storage.opinions counts them.
    """
    found = CollectorRegistry()
    ProcessCollector(registry=found)
    PlatformCollector(registry=found)
    following = GaugeMetricFamily("okno_feed_readers", "Readers of the event feed in this process", value=readers)
    talk = [*_inbound(told["channels"]), *_outbound(told["outbox"]), _halted(stopped)]
    work = [*_to_read(told["to_read"]), _to_do(tasks), *_asked(opinions)]
    found.register(_Given([*talk, *work, following]))
    return found


def _to_read(queue: Mapping[str, float]) -> Iterable[Metric]:
    yield GaugeMetricFamily("okno_to_read", "Messages still to be read for tasks", value=queue["messages"])
    words = "Age of the message that has been to be read for tasks longest"
    yield GaugeMetricFamily("okno_to_read_oldest_seconds", words, value=queue["oldest_seconds"])


def _to_do(tasks: Mapping[str, int]) -> Metric:
    standing = GaugeMetricFamily("okno_tasks", "Tasks that are proposed, open, and of these overdue", labels=("state",))
    for state, count in tasks.items():
        standing.add_metric((state,), count)
    return standing


def _asked(figures: Mapping[str, int]) -> Iterable[Metric]:
    waiting = GaugeMetricFamily(
        "okno_opinions_waiting", "Messages a language model is still to be asked about", value=figures["waiting"]
    )
    asked = CounterMetricFamily("okno_opinions", "Messages by what became of asking a model", labels=("outcome",))
    for outcome in OUTCOMES:
        asked.add_metric((outcome,), figures[outcome])
    told = CounterMetricFamily("okno_opinion_tasks", "Tasks a model told of, by what became of them", labels=("fate",))
    for fate in FATES:
        told.add_metric((fate,), figures[fate])
    return waiting, asked, told


def _halted(stopped: Mapping[str, bool]) -> Metric:
    halted = GaugeMetricFamily(
        "okno_channel_stopped", "1 while the channel stands still, to be sent to or read", labels=("channel",)
    )
    for name, stands in stopped.items():
        halted.add_metric((name,), stands)
    return halted


def _inbound(channels: dict[str, dict[str, float]]) -> Iterable[Metric]:
    raws = CounterMetricFamily(
        "okno_raws", "Inbound events by what became of them; received is the sum of all", labels=("channel", "fate")
    )
    waiting = GaugeMetricFamily("okno_raws_in_flight", "Inbound events not processed yet", labels=("channel",))
    parked = GaugeMetricFamily(
        "okno_raws_parked", "Inbound events that failed and wait to be looked at", labels=("channel",)
    )
    lag = GaugeMetricFamily(
        "okno_inbox_lag_seconds", "Age of the oldest inbound event not processed yet", labels=("channel",)
    )
    for name, flow in channels.items():
        for fate in ("received", "processed", "duplicate"):
            raws.add_metric((name, fate), flow[fate])
        waiting.add_metric((name,), flow["in_flight"])
        parked.add_metric((name,), flow["parked"])
        lag.add_metric((name,), flow["lag_seconds"])
    return raws, waiting, parked, lag


def _outbound(outbox: dict[str, dict[str, Any]]) -> Iterable[Metric]:
    letters = GaugeMetricFamily("okno_letters", "Outbound letters by state", labels=("channel", "state"))
    oldest = GaugeMetricFamily(
        "okno_outbox_oldest_seconds", "Age of the letter that has been due longest and is not out", labels=("channel",)
    )
    for name, queue in outbox.items():
        for state, count in queue["states"].items():
            letters.add_metric((name, state), count)
        oldest.add_metric((name,), queue["oldest_seconds"])
    return letters, oldest
