// Before everything else in the worker: a runtime to which SQLite's request to write through does not get.
{
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = (source, imports) => {
    if (imports?.env?.__syscall_fdatasync) imports.env.__syscall_fdatasync = () => 0;
    return instantiate(source, imports);
  };
}
