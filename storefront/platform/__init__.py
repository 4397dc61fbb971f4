"""What no shop owns: database, cache, change feed, jobs, mail, sessions, HTTP, telemetry, embedded servers."""
