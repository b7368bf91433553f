declare const brand: unique symbol;

/** A `Value` that only the constructor of its name can make; costs nothing at run time. */
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };
