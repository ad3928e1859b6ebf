type Schema = Readonly<Record<string, unknown>>;

/**
 * What of a value breaks a JSON Schema; empty if nothing does. Knows the keywords that the OpenAPI document uses, and throws for any
 * other, so that none is passed over.
 */
export function schemaProblems(schema: Schema, value: unknown, root: Schema, at = "$"): readonly string[] {
  const problems: string[] = [];
  const fail = (message: string): void => {
    problems.push(`${at}: ${message}`);
  };
  for (const [keyword, rule] of Object.entries(schema)) {
    switch (keyword) {
      case "description":
      case "examples":
      case "default":
        break;
      case "$ref":
        problems.push(...schemaProblems(resolve(root, String(rule)), value, root, at));
        break;
      case "allOf":
        for (const part of rule as readonly Schema[]) {
          problems.push(...schemaProblems(part, value, root, at));
        }
        break;
      case "type":
        if (!isOfType(value, String(rule))) {
          fail(`${JSON.stringify(value)} is no ${rule}`);
        }
        break;
      case "enum":
        if (!(rule as readonly unknown[]).includes(value)) {
          fail(`${JSON.stringify(value)} is none of ${JSON.stringify(rule)}`);
        }
        break;
      case "const":
        if (value !== rule) {
          fail(`${JSON.stringify(value)} is not ${JSON.stringify(rule)}`);
        }
        break;
      case "pattern":
        if (typeof value === "string" && !new RegExp(String(rule), "u").test(value)) {
          fail(`${value} does not match ${rule}`);
        }
        break;
      case "minLength":
      case "maxLength":
        if (typeof value === "string" && outside(value.length, keyword, rule)) {
          fail(`${value} breaks ${keyword} ${rule}`);
        }
        break;
      case "minimum":
      case "maximum":
        if (typeof value === "number" && outside(value, keyword, rule)) {
          fail(`${value} breaks ${keyword} ${rule}`);
        }
        break;
      case "minItems":
        if (Array.isArray(value) && value.length < Number(rule)) {
          fail(`has fewer than ${rule} items`);
        }
        break;
      case "items":
        if (Array.isArray(value)) {
          for (const [index, item] of value.entries()) {
            problems.push(...schemaProblems(rule as Schema, item, root, `${at}[${index}]`));
          }
        }
        break;
      case "required":
        for (const name of rule as readonly string[]) {
          if (isObject(value) && !Object.hasOwn(value, name)) {
            fail(`lacks ${name}`);
          }
        }
        break;
      case "properties":
        for (const [name, part] of Object.entries(rule as Readonly<Record<string, Schema>>)) {
          if (isObject(value) && Object.hasOwn(value, name)) {
            problems.push(...schemaProblems(part, value[name], root, `${at}.${name}`));
          }
        }
        break;
      case "additionalProperties":
        if (rule === false && isObject(value)) {
          const known = Object.keys((schema["properties"] ?? {}) as object);
          for (const name of Object.keys(value).filter((candidate) => !known.includes(candidate))) {
            fail(`has ${name}, which is not declared`);
          }
        }
        break;
      default:
        throw new TypeError(`the keyword ${keyword} is not known here`);
    }
  }
  return problems;
}

function resolve(root: Schema, reference: string): Schema {
  const found = reference
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>((node, part) => (isObject(node) ? node[part] : undefined), root);
  if (!isObject(found)) {
    throw new TypeError(`${reference} leads nowhere`);
  }
  return found;
}

function outside(size: number, keyword: string, bound: unknown): boolean {
  return keyword.startsWith("min") ? size < Number(bound) : size > Number(bound);
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
    case "boolean":
    case "number":
      return typeof value === type;
    default:
      throw new TypeError(`the type ${type} is not known here`);
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
