"""`make bench`: what the platform carries on this machine, each figure beside its denominator from the same run."""
