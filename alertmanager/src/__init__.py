"""Where the configuration of Alertmanager for docker-compose.yml comes from."""
