"""Care: practices, invitations, who cares for whom."""
