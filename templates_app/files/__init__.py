"""Types and their words as files, so that they can live in git and be checked without a database.

templates/
  order_shipped/
    type.yaml               rules and variables
    push.en.txt             --- YAML: title, action_url, image, data --- then the text
    email.en.html           --- YAML: title, text, layout, … --- then the HTML
  _shared/
    layout.newsletter.html  partial.signature.html
"""
