"""Every operation, written once as steps."""
