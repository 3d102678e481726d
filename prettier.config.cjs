// OCA's style, with this repository's length of lines
module.exports = {
    plugins: [require.resolve("@prettier/plugin-xml")],
    bracketSpacing: false,
    printWidth: 99,
    trailingComma: "es5",
    xmlWhitespaceSensitivity: "preserve",
};
