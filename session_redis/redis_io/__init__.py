"""Connections to Redis: clients, pools, the circuit breaker and round trips."""
