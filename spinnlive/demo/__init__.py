"""The demo: a spiking network on a SpiNNaker board balances Gymnasium's CartPole, in closed
loop."""

from spinnlive.demo.run import run_demo
from spinnlive.demo.summary import DemoSummary, format_summary

__all__ = ["DemoSummary", "format_summary", "run_demo"]
