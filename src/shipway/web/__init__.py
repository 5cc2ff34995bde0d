"""What a browser, the command line and git reach over HTTP: pages, `/api/v1`, live events and `/git`."""
