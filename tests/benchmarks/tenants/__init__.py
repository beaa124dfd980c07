"""Many tenants share the connections of one hostile service; nothing may cross between them."""
