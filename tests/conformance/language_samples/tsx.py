from language_samples.base import Sample
from language_samples.typescript import BODY

SOURCE = """import React from 'react';
export class Box extends React.Component<Props> {
    render() {
        return <p title="a">Don't {this.props.text} stop</p>;
    }
}
export const Row: React.FC<Props> = ({ name, children }) => (
    <li>{name} {children}</li>
);
"""
SAMPLE = Sample(SOURCE, [("Box.render", 3, 5), ("Row", 7, 9)], BODY)
