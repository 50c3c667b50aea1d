"""GET /v2/profiles and /v2/profiles/{profileId}."""

from collections.abc import Mapping

from harvester.sandbox.market import Profile
from harvester.sandbox.wire import Answer, ApiError, json_answer
from harvester.sandbox.world import World, profile_body

PATH = "/v2/profiles"
_QUERY = {
    "apiProgram": {"billing", "campaign", "paymentMethod", "store", "report", "account", "posts"},
    "accessLevel": {"edit", "view"},
    "validPaymentMethodFilter": {"true", "false"},
}
_TYPES = {"seller", "vendor", "agency"}


def answer(world: World, account: int, region: str | None, path: str, query: Mapping[str, str]) -> Answer:
    """`region` None: the host serves every region."""
    own = [
        profile
        for profile in world.profiles.values()
        if profile.account == account and region in {None, profile.marketplace.region}
    ]
    if path == PATH:
        return json_answer([profile_body(profile) for profile in own if _wanted(world, profile, query)])
    wanted = path.removeprefix(f"{PATH}/")
    for profile in own:
        if profile.profile_id == wanted:
            return json_answer(profile_body(profile))
    raise ApiError(404, "NOT_FOUND", f"Profile {wanted} was not found")


def _wanted(world: World, profile: Profile, query: Mapping[str, str]) -> bool:
    for name, allowed in _QUERY.items():
        if query.get(name, next(iter(allowed))) not in allowed:
            raise ApiError(400, "INVALID_ARGUMENT", f"{name} must be one of {', '.join(sorted(allowed))}")
    types = query.get("profileTypeFilter", "seller,vendor,agency").split(",")
    if not set(types) <= _TYPES:
        raise ApiError(400, "INVALID_ARGUMENT", "profileTypeFilter takes seller, vendor and agency")
    editable = world.may_edit(profile.profile_id) or query.get("accessLevel") == "view"
    return profile.seller_or_vendor in types and editable
