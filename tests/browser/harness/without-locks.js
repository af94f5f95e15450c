// Before everything else in the worker: a page without Web Locks, as plain http that is not localhost gives.
Object.defineProperty(WorkerNavigator.prototype, "locks", { value: undefined });
