"""What portcheck knows without asking anyone: services, profiles and error strings, as data with their loaders."""
