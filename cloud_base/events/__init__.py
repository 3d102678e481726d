"""Events of a process: requests, cron jobs, queue jobs, operations."""
