"""Alert inbox: receiver of Alertmanager's webhook, with a page for people."""
