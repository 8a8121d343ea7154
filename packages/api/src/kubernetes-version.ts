/** The release that every component of a cluster says it is: /version, Nodes, user agents. */
export const KUBERNETES_VERSION = 'v1.36.2';
