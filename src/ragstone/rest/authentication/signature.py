"""Who signed a request: AWS signatures are verified before anything of the request is decoded.

A request without a signature is nobody's, and is served; one with half a signature, or a wrong one, is refused. What a
verified signer may do is theirs to have been given: `es:ESHttp<method>` for the request itself, and further rights
where a service asks for them (`core.caller.signer`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from urllib.parse import unquote

from ragstone.core.clock import Clock
from ragstone.core.errors import OpenSearchException
from ragstone.core.log import get_logger
from ragstone.providers import sigv4
from ragstone.providers.api import Identities, Principal, SealBroken, SigningKey
from ragstone.providers.sigv4 import Rules, SignatureRefused, WireRequest

TARGET = "x-amz-target"
"""The header by which AWS's JSON services are told what to do."""

log = get_logger("authentication")


class AccessDenied(OpenSearchException):
    """The signer is known, and may not do this. Answered as AWS's edge does, with a capital `Message`."""

    status = 403
    wire_type = "security_exception"
    code = "AccessDeniedException"


@dataclass(frozen=True)
class SignedBy:
    """A `core.caller.Signer`."""

    principal: Principal
    identities: Identities

    @property
    def arn(self) -> str:
        return self.principal.arn

    def require(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> None:
        """Raises AccessDenied."""
        verdict = self.identities.decide(self.principal, action, (resource,), context or {})
        if not verdict.allowed:
            explicit = " with an explicit deny in an identity-based policy" if verdict.explicit else ""
            raise AccessDenied(
                f"User: {self.arn} is not authorized to perform: {action} on resource: {resource}{explicit}"
            )

    def require_http(self, method: str, domain: str, path: str) -> None:
        """Whether a request may be made at all. A policy may name the domain, or paths of it.

        `Differs:` the domain's bare ARN covers its paths, too. Raises AccessDenied.
        """
        action = f"es:ESHttp{method.capitalize()}"
        verdict = self.identities.decide(self.principal, action, (domain, domain + path), {})
        if verdict.explicit:
            raise AccessDenied(
                f"User: {self.arn} is not authorized to perform: {action} with an explicit deny in an identity-based "
                "policy"
            )
        if not verdict.allowed:
            raise AccessDenied(
                f"User: {self.arn} is not authorized to perform: {action} because no identity-based policy allows the "
                f"{action} action"
            )


@dataclass(frozen=True)
class Admitted:
    """A request that was signed well."""

    signer: SignedBy
    target: str
    """What to serve: the target that was signed, without the signature."""


class SignatureVerifier:
    """`domain` is the ARN that policies name this server by."""

    def __init__(self, identities: Identities, clock: Clock, rules: Rules, domain: str) -> None:
        self._identities = identities
        self._clock = clock
        self._rules = rules
        self._domain = domain

    def admit(self, request: WireRequest) -> Admitted:
        """The signer of a signed request, who may make it. Raises SignatureRefused, AccessDenied."""
        try:
            return self._admit(request)
        except SignatureRefused as refused:
            # By it, clients whose clock is wrong set their offset and try again.
            refused.headers["date"] = formatdate(self._clock.now(), usegmt=True)
            raise

    def _admit(self, request: WireRequest) -> Admitted:
        services = aws_services(request)
        rules = replace(self._rules, services=services) if services else self._rules
        claim = sigv4.parse(request)
        sigv4.check_scope(claim, rules)
        key = self._key(claim)
        sigv4.check_time(claim, self._clock.now(), rules)
        target = sigv4.verify(request, claim, key.secret, rules)
        if key.expires is not None and self._clock.now() >= key.expires:
            raise sigv4.expired_session()
        signer = SignedBy(key.principal, self._identities)
        if not services:
            signer.require_http(request.method, self._domain, unquote(target.partition("?")[0]))
        return Admitted(signer, target)

    def _key(self, claim: sigv4.Claim) -> SigningKey:
        try:
            key = self._identities.signing_key(claim.key_id, claim.token)
        except SealBroken as error:
            log.error("an access key cannot be opened", key=claim.key_id, reason=str(error))
            key = None
        if key is None:
            raise sigv4.unknown_key()
        return key


def is_root(path: str) -> bool:
    """Whether a raw path is routed to `/`, whatever way it is written."""
    return all(segment in ("", ".") for segment in path.split("/"))


def aws_services(request: WireRequest) -> Sequence[str]:
    """The AWS services that a request to `POST /` is for, as their signatures name them; none for all others."""
    if request.method != "POST" or not is_root(request.path):
        return ()
    return ("secretsmanager",) if request.header(TARGET) is not None else ("sts",)
