"""In the browser: the only place that imports `js` or `pyodide`. Runs in a Web Worker, composes the rest."""
