import { at, kindOf, listAt, type Manifest, textAt } from "../../deploy/manifest.ts";
import { ApiError } from "./api-error.ts";
import type { KubernetesApi } from "./kubernetes-api.ts";

interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Where the API server has objects, by what the server itself says about their kinds. */
export class ResourcePaths {
  readonly #api: KubernetesApi;
  readonly #resources = new Map<string, Resource>();

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  /** @throws ApiError that says what to do if the server does not know the kind. */
  async of(manifest: Manifest): Promise<string> {
    const version = textAt(manifest, "apiVersion");
    const { plural, namespaced } = await this.#resource(version, kindOf(manifest));
    const namespace = namespaced ? `/namespaces/${textAt(manifest, "metadata", "namespace")}` : "";
    return `${groupPath(version)}${namespace}/${plural}/${textAt(manifest, "metadata", "name")}`;
  }

  async #resource(version: string, kind: string): Promise<Resource> {
    const key = `${version} ${kind}`;
    const known = this.#resources.get(key);
    if (known !== undefined) return known;
    const served = listAt(await this.#discover(version), "resources");
    const found = served.find((one) => at(one, "kind") === kind && !textAt(one, "name").includes("/"));
    if (found === undefined) {
      throw new ApiError(
        404,
        `the API server serves no ${kind} of ${version}: use a version that it serves or, for a custom resource, add its definition to tests/deploy/crd-definitions.ts`,
      );
    }
    const resource = { plural: textAt(found, "name"), namespaced: at(found, "namespaced") === true };
    this.#resources.set(key, resource);
    return resource;
  }

  async #discover(version: string): Promise<Manifest> {
    try {
      return await this.#api.get(groupPath(version));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return {};
      throw error;
    }
  }
}

function groupPath(version: string): string {
  return version.includes("/") ? `/apis/${version}` : `/api/${version}`;
}
