// Nova refuses what is not printable in the basic plane: category C, and of the separators all but spaces (Zl, Zp). Cinder,
// Neutron and Keystone on MySQL's utf8mb3 fail on four-byte characters, with 500 or a closed connection.
const refusedInNames = /[^\u{20}-\u{FFFD}]|[\p{C}\p{Zl}\p{Zp}]/gu;
const refusedInText = /[^\t\n\r\u{20}-\u{FFFD}]|\p{Cs}/gu;

/** The name as OpenStack gets it: each code point that a service would refuse becomes `_`. Applying it twice changes nothing. */
export function openstackName(name: string): string {
  return name.replace(refusedInNames, '_');
}

/** The same for descriptions, which may have lines. */
export function openstackText(text: string): string {
  return text.replace(refusedInText, '_');
}

/** As Keystone compares names: blind to case and, on MySQL, to accents. */
export function isSameName(one: string, other: string): boolean {
  return fold(one) === fold(other);
}

function fold(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
