"""Everything that touches a legacy system: one package per vendor, one transport per technology."""
