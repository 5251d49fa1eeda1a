"""Where the inhibitions of Alertmanager's configuration come from, and its form for docker-compose.yml."""
