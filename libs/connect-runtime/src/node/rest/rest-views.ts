import type { ConfigFieldInfo, PluginClass, ValidationResult } from '../thread/thread-messages.ts';

/** A class, as GET /connector-plugins lists it. */
export function classView({ name, kind, version }: PluginClass): object {
  return { class: name, type: kind, version };
}

/** A setting, as Kafka's ConfigKeyInfo. */
export function fieldView(field: ConfigFieldInfo): object {
  const { name, type, required, defaultValue, importance, doc, group, displayName, order } = field;
  return {
    name,
    type,
    required,
    default_value: defaultValue,
    importance,
    documentation: doc,
    group,
    width: 'MEDIUM',
    display_name: displayName,
    dependents: [],
    order,
  };
}

/** Kafka's ConfigInfos: all settings with what is wrong with each. */
export function validationView(name: string, { fields, values, errorCount }: ValidationResult): object {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const configs = values.map((value) => {
    const field = byName.get(value.name);
    return {
      definition: field === undefined ? unknownField(value.name) : fieldView(field),
      value: { name: value.name, value: value.value, recommended_values: value.recommended, errors: value.errors, visible: true },
    };
  });
  return { name, error_count: errorCount, groups: [...new Set(fields.map(({ group }) => group))], configs };
}

/** Given, and declared by nobody, or under a prefix. */
function unknownField(name: string): object {
  const order = -1;
  return fieldView({
    name,
    type: 'STRING',
    required: false,
    defaultValue: null,
    importance: 'LOW',
    doc: '',
    group: '',
    displayName: name,
    order,
    recommended: [],
  });
}
