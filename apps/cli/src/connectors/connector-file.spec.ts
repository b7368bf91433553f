import { describe, expect, it } from 'vitest';
import { parseConnectors } from './connector-file.ts';

const CONFIG = { 'connector.class': 'FileSource', file: '/a=b' };

describe('a file of connectors', () => {
  it("is JSON in Kafka's form, plain settings, or a list of them", () => {
    expect(parseConnectors(JSON.stringify({ name: 'a', config: CONFIG }), 'f')).toEqual([{ name: 'a', config: CONFIG }]);
    const plain = { name: 'a', ...CONFIG };
    expect(parseConnectors(JSON.stringify(plain), 'f')).toEqual([{ name: 'a', config: plain }]);
    expect(parseConnectors(JSON.stringify([plain, { name: 'b', config: CONFIG }]), 'f').map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it("is lines of key=value, as Kafka's standalone worker reads them", () => {
    const text = '# a comment\nname=a\r\nconnector.class = FileSource\n\nfile=/a=b\n';
    expect(parseConnectors(text, 'f')).toEqual([{ name: 'a', config: { name: 'a', ...CONFIG } }]);
  });

  it('that is anything else is refused by its name', () => {
    expect(() => parseConnectors('[]', 'f.json')).toThrow('f.json has no connector');
    expect(() => parseConnectors('{', 'f.json')).toThrow('f.json is no JSON');
    expect(() => parseConnectors('[1]', 'f.json')).toThrow('f.json is no connector');
    expect(() => parseConnectors('[{"name":"a"},{"config":{}}]', 'f.json')).toThrow('f.json, connector 2 has no name');
  });
});
