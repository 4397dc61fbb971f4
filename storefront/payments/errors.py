"""What can go wrong between the shop and the payment provider."""

from storefront.platform.errors import DomainError


class ProviderUnknown(Exception):
    """The provider was asked and its answer is lost: the effect may have happened or not. Ask again with the same key, or look it up."""


class ProviderUnavailable(Exception):
    """The provider surely did nothing: it could not be reached, or turned the call away at the door."""


class BadSignature(DomainError):
    """A webhook that the provider did not sign, or signed too long ago."""

    type = "bad_signature"
    title = "The signature does not fit"
    status = 400
