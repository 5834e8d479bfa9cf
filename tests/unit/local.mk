# filled by tests/unit
