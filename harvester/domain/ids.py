"""Identifiers. Amazon's are text, unique per type *and profile* only; ours carry their kind in the first letter."""

from typing import NewType

ProfileId = NewType("ProfileId", str)
"""The digits of Amazon's profile id."""
CampaignId = NewType("CampaignId", str)
AdGroupId = NewType("AdGroupId", str)
AdId = NewType("AdId", str)
GroupId = NewType("GroupId", str)
"""Amazon's targetPromotionGroupId."""

RunId = NewType("RunId", str)
"""`r12`"""
PlanId = NewType("PlanId", str)
"""`p12`"""
ActionId = NewType("ActionId", str)
"""`a12`"""
Fingerprint = NewType("Fingerprint", str)
"""Hex SHA-256."""
Effect = NewType("Effect", str)
"""What an action brings about, as text; see `domain.action.effect_of`."""
