"""The way out: connections to other servers, each to an address that the egress rule admits."""
