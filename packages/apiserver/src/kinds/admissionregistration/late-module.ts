/** A module that is read when it's first needed: what compiles expressions is no part of what starts with the server. */
export interface LateModule<M> {
  /** Resolves when the module is there; undefined when it is there already. */
  load(): Promise<void> | undefined;
  /** Undefined until it's loaded. */
  get(): M | undefined;
}

export function lateModule<M>(read: () => Promise<M>): LateModule<M> {
  let module: M | undefined;
  let loading: Promise<void> | undefined;
  return {
    load() {
      if (module) return undefined;
      loading ??= read().then((it) => {
        module = it;
      });
      return loading;
    },
    get: () => module,
  };
}
