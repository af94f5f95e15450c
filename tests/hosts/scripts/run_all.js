// Runs all cells of the notebook that is open, once its kernel is there. The site has exposeAppInBrowser.
async () => {
  const { commands, shell, serviceManager } = globalThis.jupyterapp;
  const kernels = [...serviceManager.kernels.running()];
  if (!shell.currentWidget?.context.isReady || kernels.length === 0) return false;
  void commands.execute("notebook:run-all-cells");
  return true;
}
