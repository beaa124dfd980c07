"""The alert inbox: where Alertmanager delivers, so that an alert arrives somewhere visible."""
