//! Words that make a name of what follows, and words that make none of it.

/// Before a name, as they wake the rule.
#[rustfmt::skip]
pub(super) const INTRODUCTIONS: &[&str] = &[
    "name is", "name's", "name was", "name ist", "ich heiße", "ich heisse", "'appelle", "’appelle", "me llamo",
    "se llama", "nombre es", "mi chiamo", "si chiama", "nome è", "nome é", "me chamo", "ik heet", "naam is",
    "nazywam si", "mam na imi", "jag het", "jeg het", "jeg hedder", "navn er", "nimeni on", "jmenuji se", "call me",
    "call him", "call her", "calls me", "called me", "called him", "called her", "named ", "меня зовут",
];

/// Titles that nothing but a name follows.
#[rustfmt::skip]
pub(super) const TITLES: &[&str] = &[
    "Mr", "Mrs", "Ms", "mr", "mrs", "Mx", "Herr", "Herrn", "Frau", "Monsieur", "Madame", "Mme", "Mlle", "Señor",
    "Señora", "Señorita", "Sra", "Sr", "Doña", "Signor", "Signora", "Signore", "Signorina", "Sig", "Dott", "Senhor",
    "Senhora", "Dhr", "dhr", "Mevrouw", "mevrouw", "Mevr", "Pani", "Fru", "Prof", "Dr", "Professor", "Rev",
];

/// In capitals among a name's words they say that it is none: kinds of companies, places, works, and roles.
#[rustfmt::skip]
pub(super) const NOT_PEOPLE: &[&str] = &[
    "Street", "St", "Avenue", "Ave", "Road", "Rd", "Boulevard", "Blvd", "Lane", "Drive", "Square", "Court", "Plaza",
    "Park", "Bridge", "River", "Lake", "Island", "Islands", "Mountain", "Mount", "Bay", "Beach", "Valley", "Airport",
    "Station", "Line", "Hall", "Tower", "Building", "House", "Center", "Centre", "City", "County", "State", "Country",
    "Republic", "Kingdom", "University", "College", "School", "Academy", "Institute", "Hospital", "Clinic", "Church",
    "Cathedral", "Museum", "Library", "Theatre", "Theater", "Stadium", "Club", "Foundation", "Society", "Association",
    "Prize", "Award", "Awards", "Medal", "Cup", "Inc", "LLC", "Ltd", "Corp", "Corporation", "Company", "Co", "PLC",
    "GmbH", "AG", "SA", "Group", "Holdings", "Partners", "Bank", "Capital", "Lynch", "Technologies", "Systems",
    "Software", "Labs", "Team", "Support", "Department", "Office", "Committee", "Council", "Commission", "Ministry",
    "Agency", "Party", "Union", "Army", "Navy", "Theorem", "Law", "Laws", "Equation", "Test", "Tests", "Effect",
    "Syndrome", "Disease", "Algorithm", "Method", "Process", "Distribution", "Transform", "Series", "Set", "Act",
    "Bill", "Treaty", "Code", "Server", "Cloud", "Framework", "Library's", "Engine", "Model", "Project", "Edition",
    "Magazine", "Times", "Post", "News", "Journal", "Press", "Books", "Records", "Studios", "Pictures",
    "Entertainment", "Show", "Festival", "Tour", "Day", "Days", "Week", "Month", "Year", "Eve", "Monday", "Tuesday",
    "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "January", "February", "October", "September",
    "November", "December", "World", "Universe", "War", "Revolution", "Empire", "Dynasty", "Game", "Games", "League",
    "Hotel", "Restaurant", "Cafe", "Bar", "Customer", "Sir", "Madam", "Everyone", "All", "There", "Hiring", "Manager",
    "Friend", "Friends", "Colleague", "Colleagues", "User", "Users", "Pepper", "Portal", "Windows", "Highlands",
    "Mountains", "Pub", "Apt", "Suite", "Event", "Jeep", "Chrysler", "WordPiece", "Uncle", "Rails", "API", "SDK",
];

/// Words that begin sentences, fields and headings: of a name that nothing else supports they say that it is none.
#[rustfmt::skip]
pub(super) const COMMON: &[&str] = &[
    "The", "A", "An", "And", "Or", "But", "Not", "No", "Yes", "If", "In", "On", "At", "By", "For", "From", "To", "Of",
    "With", "As", "Is", "Are", "Was", "Were", "Be", "It", "Its", "This", "That", "These", "Those", "I", "You", "He",
    "She", "We", "They", "My", "Your", "His", "Her", "Our", "Their", "Me", "Us", "What", "When", "Where", "Why",
    "How", "Who", "Which", "Whether", "Do", "Does", "Did", "Can", "Could", "Will", "Would", "Should", "May", "Might",
    "Must", "Have", "Has", "Had", "Please", "Thanks", "Thank", "Hello", "Hi", "Hey", "Dear", "Sorry", "Happy", "Good",
    "Great", "New", "Old", "Big", "Some", "Any", "Each", "Every", "Just", "Also", "Then", "Than", "So", "Such",
    "Very", "Here", "Now", "Today", "Tomorrow", "Yesterday", "Never", "Always", "Important", "Sure", "Ready", "Glad",
    "Aware", "Foo", "Bar", "Test", "Example", "Sample", "Default", "Name", "Names", "Type", "Value", "Key", "Data",
    "File", "Files", "Path", "Class", "Object", "String", "Number", "List", "Map", "Array", "Function", "Method",
    "Module", "Package", "Project", "Build", "Run", "Install", "Create", "Update", "Delete", "Add", "Set", "Get",
    "Use", "Using", "See", "Read", "Write", "Open", "Close", "Start", "Stop", "Error", "Warning", "Info", "Debug",
    "Version", "License", "Python", "Java", "Javascript", "JavaScript", "Rust", "Ruby", "Go", "Swift", "React",
    "Native", "Angular", "Vue", "Node", "Docker", "Linux", "Windows", "Google", "Apple", "Microsoft", "Amazon",
    "Facebook", "Twitter", "GitHub", "English", "French", "German", "Spanish", "Italian", "Russian", "Chinese",
    "Japanese", "American", "British", "European", "Indian", "Developers", "Developer", "Contributors", "Authors",
    "Maintainers", "Admin", "Administrator", "Bot", "Assistant", "ChatGPT", "Siri", "Alexa", "Claude", "God", "Groot",
    "Batman", "Mom", "Mum", "Dad", "Mother", "Father", "Sister", "Brother", "Baby", "Santa", "Core", "Main", "Master",
    "Service", "North", "South", "East", "West", "One", "Two", "Three", "First", "Second", "Last", "Next", "Only",
    "More", "Most", "Other", "Another", "Same", "After", "Before", "During", "While", "Since", "Until", "Because",
    "Although", "However", "Therefore", "Der", "Die", "Das", "Ein", "Eine", "Und", "Le", "La", "Les", "Un", "Une",
    "El", "Los", "Las", "Il", "Lo", "De", "Nicht", "Ja", "Nein", "Oui", "Non", "Si",
];

/// How family names of several countries end, and few other words.
#[rustfmt::skip]
pub(super) const SURNAME_ENDINGS: &[&str] = &[
    "sson", "sdottir", "sdóttir", "dóttir", "ssen", "nsen", "rsen", "gsen", "lsen", "ovich", "evich", "ović", "ević",
    "vić", "enko", "chuk", "owski", "ewski", "owska", "ewska", "inski", "insky", "ovsky", "wicz", "czyk", "rov",
    "nov", "mov", "kov", "lov", "dov", "tov", "zov", "nova", "rova", "kova", "lova", "dova", "mova", "ková", "nová",
    "rová", "cová", "escu", "shvili", "adze", "poulos", "opoulou", "idis", "iadis", "akis", "oğlu", "oglu", "inen",
    "änen", "onen", "guez", "ández", "andez", "ínez", "inez", "ópez", "opez", "érez", "erez", "ález", "alez", "strom",
    "ström", "qvist", "quist", "mann", "ersson", "bauer", "meier", "berger", "aszek",
];
