"""Ground floor: failures, forks, patches, redaction, HTTP connections."""
