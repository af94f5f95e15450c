"""In the browser: the only place that imports `js` or `pyodide`. It runs in a Web Worker and composes the rest."""
