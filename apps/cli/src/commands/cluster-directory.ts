/** Where `cluster up` keeps a cluster, and where `cluster down` looks for it. */
export const CLUSTER_DIRECTORY_DEFAULT = './moldau-cluster';
