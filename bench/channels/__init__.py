"""`make bench-channels`: each adapter through the whole delivery stage beside the bare library, against simulators."""
