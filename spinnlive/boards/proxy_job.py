"""A spalloc job whose boards are behind the service's proxy, and where that proxy is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spinnlive.errors import BoardUnreachable

TIMEOUT_S = 10.0
"""How long the service may take to answer (seconds)."""


@dataclass(frozen=True, slots=True)
class ProxyJob:
    """A job as the network's database has it: the service, the job, and what opens their doors."""

    service_url: str
    job_url: str
    cookies: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def proxy_url(job: ProxyJob) -> str:
    """Ask the service for the address of its proxy; blocks.

    Raises `BoardUnreachable` when it does not tell.
    """
    import requests

    try:
        answer = requests.get(
            job.job_url,
            cookies=dict(job.cookies),
            headers=dict(job.headers),
            allow_redirects=False,
            timeout=TIMEOUT_S,
        )
        if answer.status_code != requests.codes.ok:
            raise BoardUnreachable(
                f"the spalloc service {job.service_url} answered {answer.status_code} "
                f"{answer.reason} about the job {job.job_url}: has it ended?"
            )
        return str(answer.json()["proxy-ref"])
    except requests.RequestException as error:
        raise BoardUnreachable(
            f"the spalloc service {job.service_url} does not answer: {error}"
        ) from error
    except (KeyError, TypeError):
        raise BoardUnreachable(
            f"the spalloc service {job.service_url} names no proxy for the job {job.job_url}"
        ) from None
